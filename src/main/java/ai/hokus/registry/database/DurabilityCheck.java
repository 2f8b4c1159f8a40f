package ai.hokus.registry.database;

import ai.hokus.registry.StartupRefusedException;
import java.util.List;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Refuses to start if a commit could be lost. Asks within a transaction, see {@link DurableTransactionManager}. */
record DurabilityCheck(DataSource dataSource, PlatformTransactionManager transactions) implements InitializingBean {

    private static final Logger log = LoggerFactory.getLogger(DurabilityCheck.class);

    @Override
    public void afterPropertiesSet() {
        JdbcTemplate jdbc = new JdbcTemplate(dataSource);
        if (Boolean.TRUE.equals(jdbc.execute((ConnectionCallback<Boolean>) PostgresSession::isPostgres))) {
            new TransactionTemplate(transactions).executeWithoutResult(status -> checkPostgres(jdbc));
        } else {
            checkH2(jdbc);
        }
    }

    private static void checkH2(JdbcTemplate jdbc) {
        String delay = jdbc.queryForObject(
                "SELECT setting_value FROM information_schema.settings WHERE setting_name = 'WRITE_DELAY'",
                String.class);
        if (!"0".equals(delay)) {
            throw new StartupRefusedException(
                    "spring.datasource.url has WRITE_DELAY=" + delay
                            + " (ms): if the process were killed, registrations that it had answered with 200 would be"
                            + " lost.",
                    "Put WRITE_DELAY=0 into the URL, as in the default URL.");
        }
        if (jdbc.queryForObject("SELECT database_path()", String.class) == null) {
            log.warn("The database lives in memory: every registration is lost when this process ends."
                    + " Use jdbc:h2:file: or jdbc:postgresql: in spring.datasource.url for anything but a trial.");
        }
    }

    private static void checkPostgres(JdbcTemplate jdbc) {
        String commit = jdbc.queryForObject("SHOW synchronous_commit", String.class);
        if (!List.of("on", "remote_apply").contains(commit)) {
            throw new StartupRefusedException(
                    "PostgreSQL runs with synchronous_commit=" + commit + " for this service: after a crash,"
                            + " registrations that were answered with 200 could be missing.",
                    "Remove what sets it, in spring.datasource.hikari.connection-init-sql for example.");
        }
        if ("off".equals(jdbc.queryForObject("SHOW fsync", String.class))) {
            log.warn("PostgreSQL runs with fsync=off: a crash of its machine can lose registrations that were"
                    + " answered with 200. Nothing but a test should run like this.");
        }
    }
}
