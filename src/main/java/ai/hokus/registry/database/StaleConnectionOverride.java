package ai.hokus.registry.database;

import com.zaxxer.hikari.SQLExceptionOverride;
import java.sql.SQLException;
import java.util.Set;

/**
 * Names the errors after which the pool replaces a connection. By itself it recognises only broken connections (class 08 and
 * a few more, none of them H2's): it would keep those to a former primary, which refuses every write after a failover, and
 * those to an H2 database that was closed. Thread-safe.
 */
class StaleConnectionOverride implements SQLExceptionOverride {

    private static final Set<String> STALE = Set.of(
            "25006", // read_only_sql_transaction: the server became a standby, or refuses writes
            "25P02", // in_failed_sql_transaction: it was returned in the middle of a transaction that had failed
            "25P03", // idle_in_transaction_session_timeout: the server closed the session
            "25P04", // transaction_timeout: likewise
            "26000", // invalid_sql_statement_name: it has lost its prepared statements, so it is another session
            "42P05", // duplicate_prepared_statement: it has somebody else's, likewise
            "57P04", // database_dropped
            "90067", // H2, CONNECTION_BROKEN_1: its server, another process, is gone
            "90098", // H2, DATABASE_IS_CLOSED: for example after an error of its file
            "90121"); // H2, DATABASE_CALLED_AT_SHUTDOWN: its database was closed; a new one opens the file again

    @java.lang.Override
    public Override adjudicate(SQLException failure) {
        return STALE.contains(String.valueOf(failure.getSQLState())) ? Override.MUST_EVICT : Override.CONTINUE_EVICT;
    }
}
