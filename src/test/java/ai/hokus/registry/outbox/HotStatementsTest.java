package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.KeptPlans;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * What every statement of the path of a message reads, on a table full of delivered messages: about what it returns, and
 * nothing of what was delivered. Counted by the databases themselves, with the plans that they keep for prepared statements.
 */
class HotStatementsTest {

    private static final int DELIVERED = 30_000;
    private static final int PENDING = 1_500;
    private static final int BATCH = 100;

    private HikariDataSource pool;

    @AfterEach
    void close() {
        pool.close();
    }

    /** What the database's statistics say when the messages are claimed. */
    enum Statistics {
        RIGHT,
        /** Made when nothing had been delivered. */
        ALL_PENDING,
        /** Made when nothing was pending. */
        NOTHING_PENDING,
        NONE
    }

    @ParameterizedTest
    @EnumSource
    void postgresql_reads_what_is_pending_and_nothing_of_what_was_delivered(Statistics statistics) throws SQLException {
        fillPostgresql(statistics);
        try (Connection connection = pool.getConnection()) {
            TestOutbox outbox = TestOutbox.on(KeptPlans.on(connection), Duration.ofHours(1));
            OutboxPartition partition = outbox.partitions().all().get(0);
            Checkpoint last = checkpointAt(outbox.jdbc(), DELIVERED);
            outbox.append("warm-up"); // what is read once: the catalogue
            long before = rowsRead(outbox.jdbc());

            int claimed = claimAll(partition, last);

            long read = rowsRead(outbox.jdbc()) - before;
            assertThat(claimed).isEqualTo(PENDING + 1);
            // Once to be found, once to be given its position, and its old entry once more by the last scan. Then there
            // are the history's checks, one row a batch.
            assertThat(read).isBetween(2L * claimed, 3L * claimed + claimed / 10);
        }
    }

    @ParameterizedTest
    @EnumSource
    void postgresql_reads_what_is_sent_again_and_no_more(Statistics statistics) throws SQLException {
        fillPostgresql(statistics);
        try (Connection connection = pool.getConnection()) {
            TestOutbox outbox = TestOutbox.on(KeptPlans.on(connection), Duration.ofHours(1));
            Checkpoint older = checkpointAt(outbox.jdbc(), DELIVERED - PENDING);
            outbox.jdbc().update("UPDATE outbox_partition SET delivered_position = ?", older.position());
            long before = rowsRead(outbox.jdbc());

            int claimed = claimAll(outbox.partitions().all().get(0), older);

            long read = rowsRead(outbox.jdbc()) - before;
            assertThat(claimed).isEqualTo(2 * PENDING);
            assertThat(read).isBetween(3L * PENDING, 4L * PENDING + PENDING / 10);
        }
    }

    @ParameterizedTest
    @EnumSource
    void postgresql_reads_a_handful_of_rows_to_see_whether_something_is_pending_and_to_write_a_message(
            Statistics statistics) throws SQLException {
        fillPostgresql(statistics);
        try (Connection connection = pool.getConnection()) {
            TestOutbox outbox = TestOutbox.on(KeptPlans.on(connection), Duration.ofHours(1));
            OutboxPartition partition = outbox.partitions().all().get(0);
            String last = checkpointAt(outbox.jdbc(), DELIVERED).toString();
            int rounds = 20;
            long before = rowsRead(outbox.jdbc());

            for (int round = 0; round < rounds; round++) {
                assertThat(partition.settled(last)).isFalse();
                outbox.append("model");
            }

            assertThat(rowsRead(outbox.jdbc()) - before).isLessThan(5L * rounds);
        }
    }

    @ParameterizedTest
    @EnumSource
    void postgresql_reads_what_is_pending_to_say_how_much_it_is(Statistics statistics) throws SQLException {
        fillPostgresql(statistics);
        try (Connection connection = pool.getConnection()) {
            JdbcTemplate jdbc = new JdbcTemplate(KeptPlans.on(connection));
            long before = rowsRead(jdbc);

            long pending = jdbc.queryForObject(
                    "SELECT pending FROM outbox_status WHERE oldest_pending_at IS NOT NULL", Long.class);

            assertThat(pending).isEqualTo(PENDING);
            assertThat(rowsRead(jdbc) - before).isBetween((long) PENDING, PENDING + 10L);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void h2_walks_an_index_from_where_the_messages_begin(boolean analyzed) {
        JdbcTemplate jdbc = filledH2();
        deliver(jdbc);
        if (analyzed) {
            jdbc.execute("ANALYZE");
        }

        for (var statement : Map.of(
                        PartitionStatements.unpositioned(DatabaseKind.H2),
                        new Object[] {0, 0, 0, DELIVERED + PENDING, BATCH},
                        PartitionStatements.POSITIONED,
                        new Object[] {0, DELIVERED - BATCH, BATCH},
                        PartitionStatements.peek(DatabaseKind.H2),
                        new Object[] {0})
                .entrySet()) {
            String plan = String.join(
                    "\n",
                    jdbc.queryForList("EXPLAIN ANALYZE " + statement.getKey(), String.class, statement.getValue()));
            assertThat(scanned(plan)).as(plan).isBetween(1, BATCH + 10);
        }
    }

    @Test
    void h2_counts_what_a_scan_of_the_table_reads() {
        JdbcTemplate jdbc = filledH2();

        String plan = jdbc.queryForObject(
                "EXPLAIN ANALYZE SELECT id FROM outbox_message WHERE payload = 'none'", String.class);

        assertThat(scanned(plan)).isGreaterThan(DELIVERED);
    }

    private static int claimAll(OutboxPartition partition, Checkpoint last) {
        int claimed = 0;
        Scan scan = Scan.NEW;
        Checkpoint newest = last;
        while (partition.claim(new ClaimRequest(
                        Sighting.newest(newest.toString()),
                        false,
                        scan,
                        BATCH,
                        1_000_000,
                        ClaimRequest.Appended.NOTHING,
                        "test"))
                instanceof ClaimResult.Claimed batch) {
            claimed += batch.messages().size();
            newest = batch.messages().get(batch.messages().size() - 1).checkpoint();
            scan = batch.next();
        }
        return claimed;
    }

    private static long rowsRead(JdbcTemplate jdbc) {
        return KeptPlans.rowsRead(jdbc, "outbox_message");
    }

    private static Checkpoint checkpointAt(JdbcTemplate jdbc, long position) {
        return jdbc.queryForObject(
                "SELECT position, message_id, term FROM outbox_message WHERE position = ?",
                (row, n) -> new Checkpoint(row.getLong(1), row.getObject(2, UUID.class), row.getInt(3)),
                position);
    }

    private void fillPostgresql(Statistics statistics) {
        pool = TestDatabase.POSTGRESQL.newMigrated(1);
        JdbcTemplate jdbc = new JdbcTemplate(pool);
        jdbc.execute("ALTER TABLE outbox_message SET (autovacuum_enabled = off)");
        fill(jdbc, "generate_series(1, %d) AS s (n)", "gen_random_uuid()");
        switch (statistics) {
            case RIGHT -> {
                deliver(jdbc);
                jdbc.execute("ANALYZE outbox_message");
            }
            case ALL_PENDING -> {
                jdbc.execute("ANALYZE outbox_message");
                deliver(jdbc);
            }
            case NOTHING_PENDING -> {
                List<Long> pending =
                        jdbc.queryForList("SELECT id FROM outbox_message ORDER BY id OFFSET " + DELIVERED, Long.class);
                deliver(jdbc);
                jdbc.execute("UPDATE outbox_message SET position = id WHERE position IS NULL");
                jdbc.execute("ANALYZE outbox_message");
                jdbc.update("UPDATE outbox_message SET position = NULL WHERE id >= ?", pending.get(0));
            }
            case NONE -> deliver(jdbc);
        }
        // As autovacuum does: what the updates above left behind would count.
        jdbc.execute("VACUUM outbox_message");
    }

    private JdbcTemplate filledH2() {
        pool = TestDatabase.H2.newMigrated(1);
        JdbcTemplate jdbc = new JdbcTemplate(pool);
        fill(jdbc, "SYSTEM_RANGE(1, %d) AS s (n)", "RANDOM_UUID()");
        return jdbc;
    }

    private static void fill(JdbcTemplate jdbc, String series, String uuid) {
        jdbc.update(
                "INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)" + " SELECT "
                        + uuid + ", 0, 'model-' || (n % 100), 't', '{}' FROM " + series.formatted(DELIVERED + PENDING));
    }

    private static void deliver(JdbcTemplate jdbc) {
        jdbc.update("UPDATE outbox_message SET position = id WHERE id <= ?", DELIVERED);
        jdbc.update("UPDATE outbox_partition SET last_position = ?, delivered_position = ?", DELIVERED, DELIVERED);
    }

    private static int scanned(String plan) {
        return Pattern.compile("scanCount: (\\d+)")
                .matcher(plan)
                .results()
                .mapToInt(count -> Integer.parseInt(count.group(1)))
                .sum();
    }
}
