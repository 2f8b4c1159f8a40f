package ai.hokus.registry.outbox;

import java.sql.Connection;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * Makes sure that what was committed is on disk. PostgreSQL syncs at the commit. H2 with {@code WRITE_DELAY=0} hands every commit
 * to the operating system, which survives a kill of the process but not a loss of power. {@code CHECKPOINT SYNC} then puts it on
 * disk with one fsync. Commits that wait while a sync runs share the next one. Thread-safe.
 */
class DiskSync {

    private final JdbcTemplate jdbc;
    private final boolean needed;
    private final AtomicLong commits = new AtomicLong();
    private final ReentrantLock syncing = new ReentrantLock();
    private long synced; // guarded by syncing

    DiskSync(JdbcTemplate jdbc, SqlDialect dialect) {
        this.jdbc = jdbc;
        this.needed = dialect == SqlDialect.H2;
    }

    void flush() {
        if (!needed) {
            return;
        }
        long mine = commits.incrementAndGet();
        // The connection first: whoever waits for the lock may have the last one.
        jdbc.execute((Connection connection) -> {
            syncing.lock();
            try (Statement sync = connection.createStatement()) {
                if (synced < mine) {
                    long upTo = commits.get();
                    sync.execute("CHECKPOINT SYNC");
                    synced = upTo;
                }
                return synced;
            } finally {
                syncing.unlock();
            }
        });
    }
}
