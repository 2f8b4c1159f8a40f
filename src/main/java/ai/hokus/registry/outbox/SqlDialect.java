package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.jdbc.DatabaseDriver;
import org.springframework.jdbc.core.ArgumentPreparedStatementSetter;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.PreparedStatementCallback;
import org.springframework.jdbc.support.JdbcUtils;
import org.springframework.jdbc.support.MetaDataAccessException;

/** The databases that the outbox runs on, and what each must be set to so that an acknowledged commit stays. */
enum DatabaseKind {
    H2 {
        /** By equality: H2 finds no index for a comparison of rows. */
        @Override
        String unpositioned(String partition, String after, String upTo) {
            return "FROM outbox_message m WHERE m.position IS NULL AND m.partition_id = " + partition + " AND m.id > "
                    + after + " AND m.partition_id = " + partition + " AND m.id <= " + upTo
                    + " ORDER BY m.partition_id, m.position, m.id";
        }

        /** One after the other: it runs within this process, and gives the count of the first statement only. */
        @Override
        List<Integer> write(JdbcTemplate jdbc, List<Write> writes) {
            return writes.stream()
                    .map(write -> jdbc.update(write.sql(), write.parameters().toArray()))
                    .toList();
        }

        /** Its driver reads a payload when it is asked for it. */
        @Override
        String cutAtBytes(String select, String order) {
            return select;
        }

        @Override
        Object[] withBytes(Object[] parameters, long maxBytes) {
            return parameters;
        }

        @Override
        void refuseLostCommits(JdbcTemplate jdbc) {
            String delay = jdbc.queryForObject(
                    "SELECT setting_value FROM information_schema.settings WHERE setting_name = 'WRITE_DELAY'",
                    String.class);
            if (!"0".equals(delay)) {
                throw new IllegalStateException("spring.datasource.url has WRITE_DELAY=" + delay
                        + " (ms): a killed process would lose registrations that it had answered with 200."
                        + " Put WRITE_DELAY=0 into the URL, as the default has it.");
            }
            String path = jdbc.queryForObject("SELECT database_path()", String.class);
            if (path == null) {
                log.warn("The database lives in memory: every registration is lost when this process ends."
                        + " Use jdbc:h2:file: or jdbc:postgresql: in spring.datasource.url for anything but a trial.");
            }
        }
    },
    POSTGRESQL {
        /**
         * By a comparison of rows and in the order of one index, which serves nothing else. A plan for prepared statements
         * knows no values; with a condition on {@code id} alone it took the primary key, and walked what was delivered.
         */
        @Override
        String unpositioned(String partition, String after, String upTo) {
            return "FROM outbox_message m WHERE m.position IS NULL AND (m.partition_id, m.id) > (" + partition + ", "
                    + after + ") AND (m.partition_id, m.id) <= (" + partition + ", " + upTo
                    + ") ORDER BY m.partition_id, m.id";
        }

        /** The driver splits them, prepares each, sends all, and then waits: one round trip. */
        @Override
        List<Integer> write(JdbcTemplate jdbc, List<Write> writes) {
            String all = writes.stream().map(Write::sql).collect(Collectors.joining(";"));
            @Nullable
            Object[] parameters = writes.stream()
                    .flatMap(write -> write.parameters().stream())
                    .toArray();
            List<Integer> counts = jdbc.execute(all, (PreparedStatementCallback<List<Integer>>) statement -> {
                new ArgumentPreparedStatementSetter(parameters).setValues(statement);
                statement.execute();
                List<Integer> rows = new ArrayList<>(writes.size());
                while (rows.size() < writes.size()) {
                    rows.add(statement.getUpdateCount());
                    statement.getMoreResults();
                }
                return rows;
            });
            return requireNonNull(counts);
        }

        /** The database sums up, which costs less than an answer in portions: each would be a round trip. */
        @Override
        String cutAtBytes(String select, String order) {
            return """
                    SELECT id, message_id, message_key, message_type, created_at, position, term, withheld,
                           CASE WHEN COALESCE(bytes_before, 0) <= ? THEN payload END AS payload
                    FROM (SELECT m.*, sum(octet_length(payload))
                              OVER (ORDER BY %1$s ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
                          FROM (%2$s) m) m
                    ORDER BY %1$s
                    """.formatted(order, select);
        }

        /** The statement compares with the bytes before {@code select} begins. */
        @Override
        Object[] withBytes(Object[] parameters, long maxBytes) {
            return Stream.concat(Stream.of(maxBytes), Stream.of(parameters)).toArray();
        }

        @Override
        void refuseLostCommits(JdbcTemplate jdbc) {
            String commit = jdbc.queryForObject("SHOW synchronous_commit", String.class);
            if ("off".equals(commit)) {
                throw new IllegalStateException("PostgreSQL runs with synchronous_commit=off for this connection:"
                        + " a crash of it would lose registrations that were answered with 200. Set it to on, for the"
                        + " server or for this role (ALTER ROLE ... SET synchronous_commit = on).");
            }
            if ("off".equals(jdbc.queryForObject("SHOW fsync", String.class))) {
                log.warn("PostgreSQL runs with fsync=off: a crash of its machine can lose registrations that were"
                        + " answered with 200. Nothing but a test should run like this.");
            }
        }
    };

    private static final Logger log = LoggerFactory.getLogger(DatabaseKind.class);

    /**
     * FROM, WHERE and ORDER BY for the messages {@code m} of a partition that have no position: those with an id above
     * {@code after}, up to {@code upTo}, in order of their ids. All three are SQL expressions, placeholders for example.
     */
    abstract String unpositioned(String partition, String after, String upTo);

    /**
     * A statement that gives the rows of {@code select}, but may leave out the payloads ({@code NULL}) that come after the first
     * one that exceeds a number of bytes: so the driver holds no more than these bytes and one payload, whatever the payloads.
     * What is a byte is the database's to say; who reads on until the payload is {@code NULL} skips nothing.
     *
     * @param order of the rows of {@code select}, which has these columns
     */
    abstract String cutAtBytes(String select, String order);

    /** The parameters of {@link #cutAtBytes}'s statement. */
    abstract Object[] withBytes(Object[] parameters, long maxBytes);

    /**
     * Runs statements in their order, in the transaction that is open. Without any, nothing.
     *
     * @return how many rows each changed
     */
    abstract List<Integer> write(JdbcTemplate jdbc, List<Write> writes);

    /**
     * Stops the start with what to change when a setting would lose acknowledged commits.
     *
     * @throws IllegalStateException naming the setting
     */
    abstract void refuseLostCommits(JdbcTemplate jdbc);

    static DatabaseKind of(DataSource dataSource) {
        String product;
        try {
            product = JdbcUtils.extractDatabaseMetaData(dataSource, metaData -> metaData.getDatabaseProductName());
        } catch (MetaDataAccessException e) {
            throw new IllegalStateException("The database cannot be reached; look at spring.datasource.url", e);
        }
        return switch (DatabaseDriver.fromProductName(product)) {
            case H2 -> H2;
            case POSTGRESQL -> POSTGRESQL;
            default ->
                throw new IllegalStateException(
                        "spring.datasource.url leads to " + product + "; this service runs on H2 and PostgreSQL");
        };
    }
}
