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
 * Watches the password's file, if there is one. During a change of the password, file and server differ for a while. So a new
 * password is tried on a separate connection, and the pool keeps the old one until the database accepts the new one. Then the
 * pool's connections are replaced: idle ones at once, the others when they are returned. Runs on a thread of its own.
 */
final class PasswordRenewal implements SmartInitializingSingleton, DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(PasswordRenewal.class);

    /** Between two looks at the file, and between two attempts with a password that was refused. */
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final DatabaseLogin login;
    private final DataSource dataSource;
    private final ThreadPoolTaskScheduler looks = new ThreadPoolTaskScheduler();

    /** The password whose refusal was logged last; confined to the thread. */
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

    /** A file that is missing or empty for a moment changes nothing. */
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
        // All idle ones at once: opening one takes milliseconds, and the database has just accepted this password.
        pool.getHikariPoolMXBean().softEvictConnections();
        log.info("The database accepts the new password in {}: connections are renewed.", file.variable());
    }

    private void warnOnce(SecretFile file, String password, SQLException failure) {
        if (DatabaseLogin.isRefusal(failure) && !password.equals(refused)) {
            refused = password;
            log.warn(
                    "The database does not accept the password that {} holds now. Open connections stay in use, and new ones"
                            + " are opened with the previous password, until the database accepts the new one.",
                    file.variable());
        }
    }

    @Override
    public void destroy() {
        looks.shutdown();
    }
}
