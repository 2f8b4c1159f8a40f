package ai.hokus.registry.outbox;

import java.time.Duration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.support.TransactionTemplate;

/** What all of this module needs. */
record OutboxDatabase(
        JdbcTemplate jdbc,
        SqlDialect dialect,
        TransactionTemplate transaction,
        DiskSync diskSync,
        Duration divergenceHealInterval) {}
