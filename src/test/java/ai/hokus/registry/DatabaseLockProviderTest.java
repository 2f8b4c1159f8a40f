package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.support.BrokenDataSource;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.time.Instant;
import net.javacrumbs.shedlock.core.LockConfiguration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.TransactionException;

/** The locks of a service whose database goes away. */
class DatabaseLockProviderTest {

    @ParameterizedTest
    @EnumSource(names = {"H2", "POSTGRESQL"})
    void a_database_that_is_away_at_the_first_lock_is_reported_as_that(TestDatabase database) {
        try (HikariDataSource pool = database.newMigrated(1)) {
            BrokenDataSource dataSource = new BrokenDataSource(pool);
            DatabaseLockProvider locks = new DatabaseLockProvider(
                    new JdbcTemplate(dataSource), new DataSourceTransactionManager(dataSource), "this instance");
            LockConfiguration lock =
                    new LockConfiguration(Instant.now(), "relay-0", Duration.ofSeconds(10), Duration.ZERO);

            dataSource.setBroken(true);
            assertThatThrownBy(() -> locks.lock(lock))
                    .isInstanceOf(TransactionException.class)
                    .hasRootCauseMessage("the database is away");

            dataSource.setBroken(false);
            assertThat(locks.lock(lock)).isPresent();
        }
    }
}
