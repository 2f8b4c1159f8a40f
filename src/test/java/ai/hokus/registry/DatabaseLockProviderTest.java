package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import net.javacrumbs.shedlock.core.LockConfiguration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.transaction.TransactionException;

/** The locks of a service whose database goes away. */
class DatabaseLockProviderTest {

    @ParameterizedTest
    @EnumSource(names = {"H2", "POSTGRESQL"})
    void a_database_that_is_away_at_the_first_lock_is_reported_as_that(TestDatabase database) {
        AtomicBoolean away = new AtomicBoolean();
        try (HikariDataSource pool = database.newMigrated(1)) {
            DelegatingDataSource dataSource = new DelegatingDataSource(pool) {
                @Override
                public Connection getConnection() throws SQLException {
                    if (away.get()) {
                        throw new SQLException("away", "08001");
                    }
                    return super.getConnection();
                }
            };
            DatabaseLockProvider locks = new DatabaseLockProvider(
                    new JdbcTemplate(dataSource), new DataSourceTransactionManager(dataSource), "this instance");
            LockConfiguration lock =
                    new LockConfiguration(Instant.now(), "relay-0", Duration.ofSeconds(10), Duration.ZERO);

            away.set(true);
            assertThatThrownBy(() -> locks.lock(lock))
                    .isInstanceOf(TransactionException.class)
                    .hasRootCauseMessage("away");

            away.set(false);
            assertThat(locks.lock(lock)).isPresent();
        }
    }
}
