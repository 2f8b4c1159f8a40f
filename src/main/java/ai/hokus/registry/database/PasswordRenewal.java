package ai.hokus.registry.database;

import ai.hokus.registry.SecretFile;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.jdbc.DataSourceUnwrapper;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Looks at the password's file, where there is one. While a password changes, file and server differ for a while, whichever is
 * first. So a new password is tried on a connection of its own, and the pool goes on with the one before until the database
 * accepts it. Then the pool's connections are replaced: each at once, or when whoever uses it gives it back. Runs on a thread of
 * its own.
 */
final class PasswordRenewal implements SmartInitializingSingleton, DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(PasswordRenewal.class);

    /** Between two looks at the file, and between two attempts with a password that was refused. */
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final DatabaseLogin login;
    private final DataSource dataSource;
    private final ThreadPoolTaskScheduler looks = new ThreadPoolTaskScheduler();

    /** Was said to be refused; confined to the thread. */
    private @Nullable String refused;

    PasswordRenewal(DatabaseLogin login, DataSource dataSource) {
        this.login = login;
        this.dataSource = dataSource;
    }

    @Override
    public void afterSingletonsInstantiated() {
        SecretFile file = login.file();
        HikariDataSource pool = DataSourceUnwrapper.unwrap(dataSource, HikariDataSource.class);
        if (file != null && pool != null && pool.getDataSource() instanceof PoolConnections) {
            looks.setThreadNamePrefix("database-password-");
            looks.setDaemon(true);
            looks.initialize();
            var unused = looks.scheduleWithFixedDelay(() -> look(file, pool), INTERVAL);
        }
    }

    /** A file that is away or empty for a moment changes nothing. */
    void look(SecretFile file, HikariDataSource pool) {
        String password = file.read().orElse(null);
        if (password == null || password.equals(pool.getCredentials().getPassword())) {
            return;
        }
        try {
            ((PoolConnections) pool.getDataSource())
                    .open(login.username(), password)
                    .close();
        } catch (SQLException e) {
            warnOnce(file, password, e);
            return;
        }
        pool.setPassword(password);
        // All idle ones at once: a connection takes milliseconds, and the database has just accepted this password.
        pool.getHikariPoolMXBean().softEvictConnections();
        log.info("The database accepts the new password in {}: connections are renewed.", file.variable());
    }

    private void warnOnce(SecretFile file, String password, SQLException failure) {
        if (DatabaseLogin.isRefusal(failure) && !password.equals(refused)) {
            refused = password;
            log.warn(
                    "The database does not accept the password that {} holds since it changed. Connections that are open stay"
                            + " in use, and new ones are opened with the password of before, until the database accepts it.",
                    file.variable());
        }
    }

    @Override
    public void destroy() {
        looks.shutdown();
    }
}
