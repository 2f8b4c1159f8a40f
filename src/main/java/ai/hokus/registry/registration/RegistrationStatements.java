package ai.hokus.registry.registration;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.BatchPreparedStatementSetter;
import org.springframework.jdbc.core.JdbcTemplate;

/** Every statement on {@code model} and {@code registration}. Thread-safe. */
final class RegistrationStatements {

    private static final String LOCK_MODEL = """
            SELECT name FROM model WHERE name = ? FOR UPDATE
            """;

    private static final String LOCK_FREE_MODELS = """
            SELECT name FROM model WHERE name = ANY(?) FOR UPDATE SKIP LOCKED
            """;

    private static final String INSERT_MODEL = """
            INSERT INTO model (name) VALUES (?) ON CONFLICT DO NOTHING
            """;

    private static final String INSERT_REGISTRATION = """
            INSERT INTO registration (model_name, version, token_id, proposal_identifier, metric_name,
                                      baseline_value, current_value, mlflow_run_id, model_uri, eval_spec, scorer_ref,
                                      primary_metric, benchmark_spec_id, api_schema, tags, user_id, fingerprint,
                                      message_id, registered_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """;

    private static final String FINGERPRINT = """
            SELECT fingerprint FROM registration WHERE model_name = ? AND version = ? AND token_id = ?
            """;

    private static final String REGISTRATION = """
            SELECT id, model_name, version, token_id, proposal_identifier, metric_name, baseline_value, current_value,
                   model_uri, mlflow_run_id, eval_spec, scorer_ref, primary_metric, benchmark_spec_id, tags, api_schema,
                   message_id, registered_at
              FROM registration
            """;

    private static final String PAGE = REGISTRATION + """
             WHERE id > ? ORDER BY id LIMIT ?
            """;

    private static final String PAGE_OF_MODEL = REGISTRATION + """
             WHERE model_name = ? AND id > ? ORDER BY id LIMIT ?
            """;

    private static final String PAGE_OF_VERSION = REGISTRATION + """
             WHERE version = ? AND id > ? ORDER BY id LIMIT ?
            """;

    private static final String PAGE_OF_MODEL_AND_VERSION = REGISTRATION + """
             WHERE model_name = ? AND version = ? AND id > ? ORDER BY id LIMIT ?
            """;

    private final JdbcTemplate jdbc;

    RegistrationStatements(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
    }

    /**
     * Locks the model's row until the transaction ends; whoever else registers this model waits. Needs an open transaction.
     *
     * @return whether there is such a row
     */
    boolean lockModel(String name) {
        return !jdbc.queryForList(LOCK_MODEL, String.class, name).isEmpty();
    }

    /**
     * Locks the rows of those models that have one which nobody holds, until the transaction ends. Waits for no one. Needs an
     * open transaction.
     *
     * @return the names of the models that it locked
     */
    Set<String> lockFreeModels(Set<String> names) {
        return jdbc.query(
                LOCK_FREE_MODELS,
                statement -> statement.setArray(1, statement.getConnection().createArrayOf("varchar", names.toArray())),
                rows -> {
                    Set<String> locked = new HashSet<>();
                    while (rows.next()) {
                        locked.add(rows.getString(1));
                    }
                    return locked;
                });
    }

    /**
     * Makes the model's row, or waits for the transaction that is making it and changes nothing.
     *
     * @return whether it was made
     */
    boolean insertModel(String name) {
        return jdbc.update(INSERT_MODEL, name) == 1;
    }

    /**
     * Stores registrations, but for those whose model, version and token are stored.
     *
     * @return the ids of the messages of those that were stored
     */
    Set<UUID> insert(List<NewRegistration> registrations) {
        int[] rows = registrations.size() == 1
                // A batch of one would be parsed by PostgreSQL each time.
                ? new int[] {jdbc.update(INSERT_REGISTRATION, statement -> bind(statement, registrations.get(0)))}
                : jdbc.batchUpdate(INSERT_REGISTRATION, new BatchPreparedStatementSetter() {
                    @Override
                    public void setValues(PreparedStatement statement, int i) throws SQLException {
                        bind(statement, registrations.get(i));
                    }

                    @Override
                    public int getBatchSize() {
                        return registrations.size();
                    }
                });
        if (IntStream.of(rows).anyMatch(count -> count < 0)) {
            // Whether a message must be written depends on it. Each alone, they are counted.
            throw new IllegalStateException(
                    "the driver does not count what a batch inserts; is reWriteBatchedInserts in spring.datasource.url?");
        }
        return IntStream.range(0, rows.length)
                .filter(i -> rows[i] == 1)
                .mapToObj(i -> registrations.get(i).message().messageId())
                .collect(Collectors.toUnmodifiableSet());
    }

    private static void bind(PreparedStatement insert, NewRegistration registration) throws SQLException {
        RegistrationEvent event = registration.event();
        RegistrationRequest request = event.request();
        insert.setString(1, request.modelName());
        insert.setString(2, request.version());
        insert.setString(3, request.tokenId());
        insert.setString(4, event.proposalIdentifier());
        insert.setString(5, request.metricName());
        insert.setDouble(6, request.baselineValue());
        insert.setDouble(7, request.currentValue());
        insert.setString(8, request.mlflowRunId());
        insert.setString(9, request.modelUri());
        insert.setString(10, request.evalSpec());
        insert.setString(11, request.scorerRef());
        insert.setString(12, request.primaryMetric());
        insert.setString(13, request.benchmarkSpecId());
        insert.setString(14, event.apiSchemaJson());
        insert.setString(15, event.tagsJson());
        insert.setString(16, event.userId());
        insert.setString(17, registration.fingerprint());
        insert.setObject(18, registration.message().messageId());
        insert.setObject(19, event.registeredAt().atOffset(ZoneOffset.UTC));
    }

    /** Of the stored registration of this model, version and token; empty when there is none. */
    List<String> fingerprint(RegistrationRequest request) {
        return jdbc.query(
                FINGERPRINT, (row, n) -> row.getString(1), request.modelName(), request.version(), request.tokenId());
    }

    /** At most {@code most} registrations with an id above {@code after}, in the order of their ids. */
    List<StoredRegistration> page(RegistrationQuery query, int most) {
        String name = query.modelName();
        String version = query.version();
        if (name != null && version != null) {
            return jdbc.query(PAGE_OF_MODEL_AND_VERSION, this::registration, name, version, query.after(), most);
        }
        if (name != null) {
            return jdbc.query(PAGE_OF_MODEL, this::registration, name, query.after(), most);
        }
        if (version != null) {
            return jdbc.query(PAGE_OF_VERSION, this::registration, version, query.after(), most);
        }
        return jdbc.query(PAGE, this::registration, query.after(), most);
    }

    private StoredRegistration registration(ResultSet row, int n) throws SQLException {
        String modelName = row.getString("model_name");
        String version = row.getString("version");
        String tokenId = row.getString("token_id");
        return new StoredRegistration(
                row.getLong("id"),
                modelName + "/" + version + "/" + tokenId,
                modelName,
                version,
                tokenId,
                row.getString("proposal_identifier"),
                row.getString("metric_name"),
                row.getDouble("baseline_value"),
                row.getDouble("current_value"),
                nullable(row, "model_uri"),
                row.getString("mlflow_run_id"),
                nullable(row, "eval_spec"),
                nullable(row, "scorer_ref"),
                nullable(row, "primary_metric"),
                nullable(row, "benchmark_spec_id"),
                row.getString("tags"),
                nullable(row, "api_schema"),
                row.getObject("message_id", UUID.class),
                row.getObject("registered_at", OffsetDateTime.class).toInstant());
    }

    private static @Nullable String nullable(ResultSet row, String column) throws SQLException {
        return row.getString(column);
    }
}
