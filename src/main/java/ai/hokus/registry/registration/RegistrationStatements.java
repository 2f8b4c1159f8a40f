package ai.hokus.registry.registration;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;

/** Every statement on {@code model} and {@code registration}. Thread-safe. */
final class RegistrationStatements {

    private static final String LOCK_MODEL = """
            SELECT name FROM model WHERE name = ? FOR UPDATE
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

    /** Makes the model's row, or waits for the transaction that is making it and changes nothing. */
    void insertModel(String name) {
        jdbc.update(INSERT_MODEL, name);
    }

    /**
     * Stores a registration unless one of the same model, version and token is stored.
     *
     * @return whether it was stored
     */
    boolean insert(RegistrationEvent event, String fingerprint, UUID messageId) {
        RegistrationRequest request = event.request();
        int rows = jdbc.update(
                INSERT_REGISTRATION,
                request.modelName(),
                request.version(),
                request.tokenId(),
                event.proposalIdentifier(),
                request.metricName(),
                request.baselineValue(),
                request.currentValue(),
                request.mlflowRunId(),
                request.modelUri(),
                request.evalSpec(),
                request.scorerRef(),
                request.primaryMetric(),
                request.benchmarkSpecId(),
                event.apiSchemaJson(),
                event.tagsJson(),
                event.userId(),
                fingerprint,
                messageId,
                event.registeredAt().atOffset(ZoneOffset.UTC));
        return rows == 1;
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
