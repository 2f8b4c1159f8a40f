package ai.hokus.registry.registration;

import ai.hokus.registry.SqlFailure;
import java.sql.Types;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.DataClassRowMapper;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.jdbc.core.namedparam.MapSqlParameterSource;
import org.springframework.jdbc.core.namedparam.NamedParameterJdbcTemplate;
import org.springframework.jdbc.core.namedparam.SqlParameterSource;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/** Every statement on {@code model} and {@code registration}. Thread-safe. */
@Component
final class RegistrationRepository {

    private static final String LOCK_MODEL = """
            SELECT name FROM model WHERE name = ? FOR UPDATE
            """;

    private static final String LOCK_FREE_MODELS = """
            SELECT name FROM model WHERE name = ANY(?) FOR UPDATE SKIP LOCKED
            """;

    private static final String INSERT_MODEL = """
            INSERT INTO model (name) VALUES (:name) ON CONFLICT DO NOTHING
            """;

    private static final String INSERT_REGISTRATION = """
            INSERT INTO registration (model_name, version, token_id, proposal_identifier, metric_name,
                                      baseline_value, current_value, mlflow_run_id, model_uri, eval_spec, scorer_ref,
                                      primary_metric, benchmark_spec_id, api_schema, tags, user_id, fingerprint,
                                      message_id, registered_at)
            VALUES (:model_name, :version, :token_id, :proposal_identifier, :metric_name,
                    :baseline_value, :current_value, :mlflow_run_id, :model_uri, :eval_spec, :scorer_ref,
                    :primary_metric, :benchmark_spec_id, :api_schema, :tags, :user_id, :fingerprint,
                    :message_id, :registered_at)
            ON CONFLICT DO NOTHING
            """;

    private static final String FINGERPRINT = """
            SELECT fingerprint FROM registration WHERE model_name = ? AND version = ? AND token_id = ?
            """;

    private static final String REGISTRATION = """
            SELECT id, model_name || '/' || version || '/' || token_id AS model_id,
                   model_name, version, token_id, proposal_identifier, metric_name, baseline_value, current_value,
                   model_uri, mlflow_run_id, eval_spec, scorer_ref, primary_metric, benchmark_spec_id, tags, api_schema,
                   message_id, registered_at
              FROM registration
            """;

    /** Of the two columns that may be large; all others together have 13,000 characters at most. */
    private static final String SIZE = """
            SELECT id, octet_length(tags) + coalesce(octet_length(api_schema), 0) AS bytes FROM registration
            """;

    private static final String PAGE = """
             WHERE id > ? ORDER BY id LIMIT ?
            """;

    private static final String PAGE_OF_MODEL = """
             WHERE model_name = ? AND id > ? ORDER BY id LIMIT ?
            """;

    private static final String PAGE_OF_MODEL_AND_VERSION = """
             WHERE model_name = ? AND version = ? AND id > ? ORDER BY id LIMIT ?
            """;

    private static final RowMapper<StoredRegistration> STORED =
            DataClassRowMapper.newInstance(StoredRegistration.class);

    /** Says nothing about the database. */
    static final class ModelLockedException extends CannotAcquireLockException {

        private static final long serialVersionUID = 1;

        ModelLockedException(DataAccessException cause) {
            super("another transaction holds the model's row", cause);
        }
    }

    /** How many bytes a registration has, about. */
    record Size(long id, int bytes) {}

    private final JdbcTemplate jdbc;
    private final NamedParameterJdbcTemplate named;

    RegistrationRepository(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
        this.named = new NamedParameterJdbcTemplate(jdbc);
    }

    /**
     * Locks the model's row until the transaction ends, and returns whether there is one. Needs an open transaction.
     *
     * @throws ModelLockedException when another transaction holds it and does not end in time
     */
    boolean lockModel(String name) {
        try {
            return !jdbc.queryForList(LOCK_MODEL, String.class, name).isEmpty();
        } catch (DataAccessException e) {
            throw SqlFailure.isLockTimeout(e) ? new ModelLockedException(e) : e;
        }
    }

    /** As {@link #lockModel}, for those of the models' rows that nobody holds; returns their names. Never waits. */
    List<String> lockFreeModels(Set<String> names) {
        return jdbc.queryForList(
                LOCK_FREE_MODELS, String.class, new SqlArrayValue("varchar", (Object[]) names.toArray(new String[0])));
    }

    /**
     * Inserts, in this order, the rows of those models that have none, and so locks them; returns their names. Waits for a
     * transaction that is inserting one of them.
     */
    List<String> insertModels(List<String> names) {
        return insert(INSERT_MODEL, names, name -> new MapSqlParameterSource("name", name));
    }

    /** Stores those whose model, version and token are not stored yet, and returns them. */
    List<NewRegistration> insert(List<NewRegistration> registrations) {
        return insert(INSERT_REGISTRATION, registrations, NewRegistration::row);
    }

    private <T> List<T> insert(String sql, List<T> rows, Function<T, SqlParameterSource> parameters) {
        SqlParameterSource[] all = rows.stream().map(parameters).toArray(SqlParameterSource[]::new);
        // A batch of one would be parsed by PostgreSQL each time.
        int[] counts = all.length == 1 ? new int[] {named.update(sql, all[0])} : named.batchUpdate(sql, all);
        if (IntStream.of(counts).anyMatch(count -> count < 0)) {
            // The count decides whether a message is written. After this exception each is stored alone, and so
            // counted.
            throw new IllegalStateException(
                    "the driver does not count what a batch inserts; is reWriteBatchedInserts in spring.datasource.url?");
        }
        return IntStream.range(0, counts.length)
                .filter(i -> counts[i] == 1)
                .mapToObj(rows::get)
                .toList();
    }

    /** Columns that may be null are given a type: otherwise the driver would ask the database for it. */
    static SqlParameterSource row(RegistrationEvent event, String fingerprint, UUID messageId) {
        RegistrationRequest request = event.request();
        return new MapSqlParameterSource()
                .addValue("model_name", request.modelName())
                .addValue("version", request.version())
                .addValue("token_id", request.tokenId())
                .addValue("proposal_identifier", event.proposalIdentifier())
                .addValue("metric_name", request.metricName())
                .addValue("baseline_value", request.baselineValue())
                .addValue("current_value", request.currentValue())
                .addValue("mlflow_run_id", request.mlflowRunId())
                .addValue("model_uri", request.modelUri(), Types.VARCHAR)
                .addValue("eval_spec", request.evalSpec(), Types.VARCHAR)
                .addValue("scorer_ref", request.scorerRef(), Types.VARCHAR)
                .addValue("primary_metric", request.primaryMetric(), Types.VARCHAR)
                .addValue("benchmark_spec_id", request.benchmarkSpecId(), Types.VARCHAR)
                .addValue("api_schema", event.apiSchemaJson(), Types.VARCHAR)
                .addValue("tags", event.tagsJson())
                .addValue("user_id", event.userId())
                .addValue("fingerprint", fingerprint)
                .addValue("message_id", messageId)
                .addValue("registered_at", event.registeredAt().atOffset(ZoneOffset.UTC));
    }

    /** The fingerprint stored for this model, version and token; empty when there is none. */
    List<String> fingerprint(RegistrationRequest request) {
        return jdbc.queryForList(FINGERPRINT, String.class, request.modelName(), request.version(), request.tokenId());
    }

    /** At most {@code max} registrations with an id above the query's, in the order of their ids. */
    List<StoredRegistration> page(RegistrationQuery query, int max) {
        return page(REGISTRATION, STORED, query, max);
    }

    /** The sizes of the registrations of {@link #page}. */
    List<Size> sizes(RegistrationQuery query, int max) {
        return page(SIZE, DataClassRowMapper.newInstance(Size.class), query, max);
    }

    private <T> List<T> page(String select, RowMapper<T> mapper, RegistrationQuery query, int max) {
        String name = query.modelName();
        String version = query.version();
        if (name != null && version != null) {
            return jdbc.query(select + PAGE_OF_MODEL_AND_VERSION, mapper, name, version, query.after(), max);
        }
        if (name != null) {
            return jdbc.query(select + PAGE_OF_MODEL, mapper, name, query.after(), max);
        }
        return jdbc.query(select + PAGE, mapper, query.after(), max);
    }
}
