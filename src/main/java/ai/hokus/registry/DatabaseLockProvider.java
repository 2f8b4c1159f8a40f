package ai.hokus.registry;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.core.SimpleLock;
import net.javacrumbs.shedlock.provider.jdbctemplate.JdbcTemplateLockProvider;
import net.javacrumbs.shedlock.provider.sql.DatabaseProduct;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * ShedLock's locks in the table {@code shedlock}. They use the database's time, so instances' clocks may differ. If a lock
 * cannot be had, its row is checked, and made anew if it is missing or keeps everybody out for nothing. Thread-safe.
 *
 * <p>ShedLock 7.10 remembers that it has made a lock's row, and from then on only updates it. Without
 * {@link JdbcTemplateLockProvider#clearCache} a deleted row would keep everybody out until a restart.
 */
final class DatabaseLockProvider implements LockProvider {

    private static final Logger log = LoggerFactory.getLogger(DatabaseLockProvider.class);

    /**
     * This instance holds the lock and does not know it, because the answer to its request was lost or it could not give the
     * lock back; or the database's clock was set back; or somebody edited the row. EXTRACT, because the columns have a zone on
     * H2, and none on PostgreSQL.
     */
    private static final String DELETE_USELESS = """
            DELETE FROM shedlock
            WHERE name = :name
              AND (locked_by = :instance
                   OR EXTRACT(EPOCH FROM locked_at) - EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) > 2
                   OR EXTRACT(EPOCH FROM lock_until) - EXTRACT(EPOCH FROM locked_at) > :max_seconds)
            """;

    /** Nobody holds a lock for longer, unless it is configured so. */
    private static final Duration MAX_HELD = Duration.ofHours(1);

    private final JdbcClient jdbc;
    private final JdbcTemplateLockProvider provider;
    private final String instance;

    /** Names of the locks that this instance holds or is asking for. */
    private final Set<String> held = ConcurrentHashMap.newKeySet();

    DatabaseLockProvider(JdbcTemplate jdbc, PlatformTransactionManager transactions, String instance) {
        this.jdbc = JdbcClient.create(jdbc);
        this.instance = instance;
        this.provider = new JdbcTemplateLockProvider(JdbcTemplateLockProvider.Configuration.builder()
                .withJdbcTemplate(jdbc)
                .withTransactionManager(transactions)
                .withDatabaseProduct(product(jdbc))
                .usingDbTime()
                .withLockedByValue(instance)
                .build());
    }

    /** Asked for at the start: ShedLock would take a database that is away at the first lock for one that it does not know. */
    private static DatabaseProduct product(JdbcTemplate jdbc) {
        return DatabaseProduct.matchProductName(requireNonNull(jdbc.execute((ConnectionCallback<String>)
                connection -> connection.getMetaData().getDatabaseProductName())));
    }

    @Override
    public Optional<SimpleLock> lock(LockConfiguration lock) {
        if (!held.add(lock.getName())) {
            return Optional.empty();
        }
        Optional<SimpleLock> taken = Optional.empty();
        try {
            taken = provider.lock(lock);
            if (taken.isEmpty() && repair(lock)) {
                taken = provider.lock(lock);
            }
        } finally {
            if (taken.isEmpty()) {
                held.remove(lock.getName());
            }
        }
        return taken.map(given -> () -> {
            try {
                given.unlock();
            } finally {
                held.remove(lock.getName());
            }
        });
    }

    /** Returns whether the lock's row was useless or missing, so that the lock can be asked for again. */
    private boolean repair(LockConfiguration lock) {
        Duration max = lock.getLockAtMostFor().compareTo(MAX_HELD) > 0 ? lock.getLockAtMostFor() : MAX_HELD;
        int deleted = jdbc.sql(DELETE_USELESS)
                .param("name", lock.getName())
                .param("instance", instance)
                .param("max_seconds", max.toSeconds())
                .update();
        if (deleted == 0
                && jdbc.sql("SELECT 1 FROM shedlock WHERE name = :name")
                        .param("name", lock.getName())
                        .query(Integer.class)
                        .optional()
                        .isPresent()) {
            return false;
        }
        provider.clearCache();
        log.warn(
                "The row of lock {} in the table shedlock {}: it is made anew.",
                lock.getName(),
                deleted == 0 ? "was deleted" : "was left behind, or its times could not be right");
        return true;
    }
}
