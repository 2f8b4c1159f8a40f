package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import ai.hokus.registry.support.BrokenDataSource;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.SimpleLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.TransactionException;

/** The locks of a service whose database goes away, or whose clock or table is changed. */
class DatabaseLockProviderTest {

    private static final LockConfiguration LOCK =
            new LockConfiguration(Instant.now(), "relay-0", Duration.ofSeconds(10), Duration.ZERO);

    @ParameterizedTest
    @EnumSource(names = {"H2", "POSTGRESQL"})
    void a_database_that_is_away_at_the_first_lock_is_reported_as_that(TestDatabase database) {
        try (HikariDataSource pool = database.newMigrated(1)) {
            BrokenDataSource dataSource = new BrokenDataSource(pool);
            DatabaseLockProvider locks = locks(dataSource, "this instance");

            dataSource.setBroken(true);
            assertThatThrownBy(() -> locks.lock(LOCK))
                    .isInstanceOf(TransactionException.class)
                    .hasRootCauseMessage("the database is away");

            dataSource.setBroken(false);
            assertThat(locks.lock(LOCK)).isPresent();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"H2", "POSTGRESQL"})
    void a_lock_that_could_not_be_given_back_keeps_only_others_out(TestDatabase database) {
        try (HikariDataSource pool = database.newMigrated(1)) {
            BrokenDataSource dataSource = new BrokenDataSource(pool);
            DatabaseLockProvider locks = locks(dataSource, "this instance");
            SimpleLock lock = locks.lock(LOCK).orElseThrow();
            assertThat(locks.lock(LOCK)).as("held here").isEmpty();

            dataSource.setBroken(true);
            assertThatThrownBy(lock::unlock).hasRootCauseMessage("the database is away");
            dataSource.setBroken(false);

            assertThat(locks(pool, "another instance").lock(LOCK)).isEmpty();
            assertThat(locks.lock(LOCK)).isPresent();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"H2", "POSTGRESQL"})
    void only_a_row_that_cannot_be_right_is_made_anew(TestDatabase database) {
        try (HikariDataSource pool = database.newMigrated(1)) {
            DatabaseLockProvider locks = locks(pool, "this instance");
            JdbcTemplate jdbc = new JdbcTemplate(pool);
            LockConfiguration longer =
                    new LockConfiguration(Instant.now(), "relay-0", Duration.ofMinutes(10), Duration.ZERO);

            assertThat(locks(pool, "an instance with other settings").lock(longer))
                    .isPresent();
            assertThat(locks.lock(LOCK)).as("held by it").isEmpty();

            jdbc.update("UPDATE shedlock SET lock_until = lock_until + INTERVAL '2' HOUR");
            assertFree(locks, "edited");

            assertThat(locks(pool, "another instance").lock(LOCK)).isPresent();
            jdbc.update("UPDATE shedlock SET locked_at = locked_at + INTERVAL '3' MINUTE,"
                    + " lock_until = lock_until + INTERVAL '3' MINUTE");
            assertFree(locks, "locked before the clock was set back");

            locks.lock(LOCK).orElseThrow().unlock();
            jdbc.update("DELETE FROM shedlock");
            assertFree(locks, "deleted");
        }
    }

    private static void assertFree(DatabaseLockProvider locks, String what) {
        Optional<SimpleLock> lock = locks.lock(LOCK);
        assertThat(lock).as(what).isPresent();
        lock.orElseThrow().unlock();
    }

    private static DatabaseLockProvider locks(DataSource dataSource, String instance) {
        return new DatabaseLockProvider(
                new JdbcTemplate(dataSource), new DataSourceTransactionManager(dataSource), instance);
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void a_lock_that_fails_again_and_again_is_in_the_log_once(CapturedOutput output) {
        String queue = TestRedis.freshName("locks");
        try (RunningService service = RunningService.on(
                TestDatabase.H2,
                Map.of(
                        "REDIS_URL",
                        TestRedis.shared().url(),
                        "registry.queue.name",
                        queue,
                        "registry.relay.interval",
                        "20ms"))) {
            service.jdbc().execute("ALTER TABLE shedlock RENAME TO hidden");
            service.register("m", "1");
            Eventually.await("failed", () -> relay(service).state() == RelayState.FAILING);
            Instant first = relay(service).lastErrorAt();
            Eventually.await("failed again", () -> relay(service).lastErrorAt().isAfter(first.plusMillis(100)));

            service.jdbc().execute("ALTER TABLE hidden RENAME TO shedlock");
            Eventually.await(
                    "delivered", () -> TestRedis.shared().run("LLEN", queue).equals(1L));
        }
        assertThat(output).containsOnlyOnce("cannot use the database").doesNotContain("Unexpected exception");
    }

    private static RelayStatus relay(RunningService service) {
        return service.bean(Relay.class).statuses().get(0);
    }
}
