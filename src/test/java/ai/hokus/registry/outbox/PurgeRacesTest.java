package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Claims and purges that begin after a purge has read which batches are old enough, and before it deletes them: they must wait
 * for the lock on the partition's row. The moment is too short for random schedules to hit it.
 */
class PurgeRacesTest {

    private final HikariDataSource pool = TestDatabase.POSTGRESQL.newMigrated(1);
    private final BetweenStatements between = new BetweenStatements(pool);
    private final TestOutbox outbox = TestOutbox.on(between, Duration.ofHours(1));
    private final TestClaims claims = new TestClaims(outbox);

    @BeforeEach
    void deliverLongAgo() {
        for (int batch = 0; batch < 10; batch++) {
            claims.deliver(1);
        }
        claims.age(Duration.ofHours(1));
    }

    @AfterEach
    void close() {
        pool.close();
    }

    @Test
    void what_a_rewind_makes_pending_is_not_purged_before_it_is_sent_again() {
        int before = claims.everDelivered().size();
        claims.lostByTheQueue();
        ClaimResult.LookAgain again = (ClaimResult.LookAgain) claims.claim();
        CompletableFuture<ClaimResult> rewind =
                duringPurge(() -> claims.claim(claims.all(), again.deliveryNo(), 100, 100_000));

        assertThat(purge(100)).isPositive();

        claims.appended((ClaimResult.Claimed) rewind.join());
        claims.deliverPending();
        assertThat(claims.everDelivered().size() - before)
                .isEqualTo((int) claims.number("SELECT message_count FROM outbox_rewinds"));
    }

    @Test
    void two_purges_at_once_leave_a_log_without_a_gap() {
        CompletableFuture<Long> other = duringPurge(() -> purge(100));

        purge(1);

        other.join();
        assertThat(claims.number("SELECT purged_position FROM outbox_partition"))
                .isPositive()
                .isEqualTo(claims.number("SELECT min(first_position) - 1 FROM outbox_batch"));
        claims.lostByTheQueue();
        claims.deliverPending(); // goes back to the start of what is retained
    }

    /** The purge goes on when this has come to its end, or waits for a lock. */
    private <T> CompletableFuture<T> duringPurge(Supplier<T> action) {
        CompletableFuture<T> result = new CompletableFuture<>();
        between.after("message_ids FROM outbox_batch", () -> {
            result.completeAsync(action);
            await().until(() -> result.isDone() || TestDatabase.awaitedLocks(outbox.jdbc()) > 0);
        });
        return result;
    }

    private long purge(int maxMessages) {
        return outbox.purge().purge(List.of(0), Duration.ofMinutes(30), maxMessages, Duration.ofSeconds(20));
    }
}
