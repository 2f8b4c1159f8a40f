package ai.hokus.registry;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.core.SimpleLock;
import net.javacrumbs.shedlock.provider.jdbctemplate.JdbcTemplateLockProvider;
import net.javacrumbs.shedlock.provider.sql.DatabaseProduct;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * ShedLock's locks in the table {@code shedlock}. They use the database's time, so instances' clocks may differ. If a lock
 * cannot be had, its row is checked: if the row is gone, or holds the lock for longer than anybody may (a clock was set, or
 * somebody edited the table), it is made anew. Thread-safe.
 *
 * <p>ShedLock 7.10 remembers that it has made a lock's row, and from then on only updates it. Without
 * {@link JdbcTemplateLockProvider#clearCache} a deleted row would keep everybody out until a restart.
 */
final class DatabaseLockProvider implements LockProvider {

    private static final Logger log = LoggerFactory.getLogger(DatabaseLockProvider.class);

    /** The same on both databases: PostgreSQL's column is UTC without a zone, and H2's has a zone. */
    private static final String SECONDS_LEFT = """
            SELECT CAST(EXTRACT(EPOCH FROM lock_until) - EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) AS DOUBLE PRECISION)
            FROM shedlock WHERE name = ?
            """;

    private static final String DELETE_IF_TOO_LONG = """
            DELETE FROM shedlock
            WHERE name = ? AND EXTRACT(EPOCH FROM lock_until) - EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) > ?
            """;

    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    private final JdbcTemplate jdbc;
    private final JdbcTemplateLockProvider provider;

    DatabaseLockProvider(JdbcTemplate jdbc, PlatformTransactionManager transactions, String lockedBy) {
        this.jdbc = jdbc;
        this.provider = new JdbcTemplateLockProvider(JdbcTemplateLockProvider.Configuration.builder()
                .withJdbcTemplate(jdbc)
                .withTransactionManager(transactions)
                .withDatabaseProduct(product(jdbc))
                .usingDbTime()
                .withLockedByValue(lockedBy)
                .build());
    }

    /** Asked for at the start: ShedLock would take a database that is away at the first lock for one that it does not know. */
    private static DatabaseProduct product(JdbcTemplate jdbc) {
        return DatabaseProduct.matchProductName(requireNonNull(jdbc.execute((ConnectionCallback<String>)
                connection -> connection.getMetaData().getDatabaseProductName())));
    }

    @Override
    public Optional<SimpleLock> lock(LockConfiguration lock) {
        Optional<SimpleLock> held = provider.lock(lock);
        return held.isEmpty() && repair(lock) ? provider.lock(lock) : held;
    }

    /**
     * Repairs a row that is missing or holds the lock for too long. Returns whether there was one, so that the lock can be
     * asked for again.
     */
    private boolean repair(LockConfiguration lock) {
        double maxSeconds = lock.getLockAtMostFor().plus(TOLERANCE).toMillis() / 1000.0;
        List<Double> secondsLeft = jdbc.queryForList(SECONDS_LEFT, Double.class, lock.getName());
        if (!secondsLeft.isEmpty() && secondsLeft.get(0) <= maxSeconds) {
            return false;
        }
        jdbc.update(DELETE_IF_TOO_LONG, lock.getName(), maxSeconds);
        provider.clearCache();
        log.warn(
                "The row of lock {} in the table shedlock {}: it is made anew.",
                lock.getName(),
                secondsLeft.isEmpty()
                        ? "was deleted"
                        : "held the lock for " + Math.round(secondsLeft.get(0)) + " s, longer than anybody may");
        return true;
    }
}
