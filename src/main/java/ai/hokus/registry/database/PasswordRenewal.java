package ai.hokus.registry.database;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.jdbc.DataSourceUnwrapper;

/**
 * Looks at the password's file, where there is one. A new password is tried on a connection of its own; once the database
 * accepts it, the pool's connections are replaced one by one, each when nobody is using it. So the pool is never empty, and
 * nobody waits for more than one connection to be opened.
 *
 * <p>New connections read the file by themselves ({@link DatabaseLogin}). This is for those that are open: they go on with the
 * old password until the pool replaces them after half an hour, and without it a new password that is wrong would be
 * noticed then. Runs on a thread of its own.
 */
final class PasswordRenewal implements SmartInitializingSingleton, DisposableBean {

    /**
     * Between two looks at the file, between two attempts with a password that was refused, and between two connections that are
     * replaced: a pool of 16 is renewed in 16 s.
     */
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(PasswordRenewal.class);

    private final DatabaseLogin login;
    private final DataSource dataSource;
    private @Nullable ScheduledExecutorService looks;

    PasswordRenewal(DatabaseLogin login, DataSource dataSource) {
        this.login = login;
        this.dataSource = dataSource;
    }

    @Override
    public void afterSingletonsInstantiated() {
        HikariDataSource pool = DataSourceUnwrapper.unwrap(dataSource, HikariDataSource.class);
        if (!login.hasFile() || pool == null || !(pool.getDataSource() instanceof PoolConnections connections)) {
            return;
        }
        ScheduledExecutorService threads = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "database-password");
            thread.setDaemon(true);
            return thread;
        });
        looks = threads;
        var unused = threads.scheduleWithFixedDelay(
                () -> look(pool, connections), INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void look(HikariDataSource pool, PoolConnections connections) {
        try {
            if (login.hasNews()) {
                connections.getConnection().close();
            } else if (connections.hasOutdated()) {
                // A thread gets the connection again that it had before; one that had none, the oldest that is free.
                CompletableFuture.runAsync(
                                () -> replaceOne(pool, connections),
                                task -> new Thread(task, "database-password-2").start())
                        .join();
            }
        } catch (SQLException | RuntimeException e) {
            log.debug("No connection was renewed; it is tried again", e);
        }
    }

    /** Takes a connection out of the pool if it is an old one; the pool then opens another. */
    private static void replaceOne(HikariDataSource pool, PoolConnections connections) {
        try {
            Connection connection = pool.getConnection();
            if (connections.isOutdated(connection.unwrap(Connection.class))) {
                pool.evictConnection(connection);
            } else {
                connection.close(); // the old ones are in use
            }
        } catch (SQLException e) {
            throw new CompletionException(e);
        }
    }

    @Override
    public void destroy() {
        if (looks != null) {
            looks.shutdownNow();
        }
    }
}
