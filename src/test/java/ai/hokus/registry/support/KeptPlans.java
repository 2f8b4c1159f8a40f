package ai.hokus.registry.support;

import ai.hokus.registry.database.ServiceSession;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.postgresql.PGConnection;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** PostgreSQL with the generic plans that it keeps for prepared statements, and how many rows are read with them. */
public final class KeptPlans {

    /** Those that grow with the messages. */
    public static final List<String> TABLES = List.of("outbox_message", "outbox_batch", "outbox_delivery");

    private KeptPlans() {}

    /** One connection that has every statement prepared on the server from the first on, with one plan for all values. */
    public static SingleConnectionDataSource on(Connection connection) throws SQLException {
        connection.unwrap(PGConnection.class).setPrepareThreshold(1);
        SingleConnectionDataSource one = new SingleConnectionDataSource(connection, true);
        new JdbcTemplate(one).execute("SET plan_cache_mode = force_generic_plan");
        return one;
    }

    /** The same, with the settings that the service's sessions have. */
    public static SingleConnectionDataSource ofService(Connection connection) throws SQLException {
        SingleConnectionDataSource one = on(connection);
        new JdbcTemplate(one).execute(ServiceSession.SETTINGS);
        return one;
    }

    /** As {@link #rowsRead(JdbcTemplate, String)}, of all {@link #TABLES} together. */
    public static long rowsRead(JdbcTemplate jdbc) {
        return TABLES.stream().mapToLong(table -> rowsRead(jdbc, table)).sum();
    }

    /** Rows of a table that were read, by a scan of it or of one of its indexes, until now. */
    public static long rowsRead(JdbcTemplate jdbc, String table) {
        jdbc.queryForList("SELECT pg_stat_force_next_flush()");
        jdbc.queryForList("SELECT pg_stat_clear_snapshot()");
        return jdbc.queryForObject(
                "SELECT seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = t.relid)"
                        + " FROM pg_stat_user_tables t WHERE relid = CAST(? AS regclass)",
                Long.class,
                table);
    }
}
