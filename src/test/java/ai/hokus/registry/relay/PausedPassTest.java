package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.OutboxSteering.StateChange;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.outbox.Wish;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.Source;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** An operator pauses a partition while a pass is under way. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class PausedPassTest {

    private static final Wish DO = new Wish("ada", "consumers are being replaced", false, null);
    private static final int BATCH = 4;

    @Parameter
    TestDatabase database;

    private HikariDataSource dataSource;
    private TestOutbox outbox;
    private final InMemoryMessageQueue queue = new InMemoryMessageQueue(1000, 10);

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(1);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        for (int n = 0; n < 11; n++) {
            outbox.append("model-" + n);
        }
    }

    @AfterEach
    void close() {
        if (dataSource != null) { // null: skipped before there was one
            dataSource.close();
        }
    }

    @Test
    void pausing_ends_a_running_pass_after_the_batch_that_is_under_way_and_resuming_goes_on_there() {
        MessageQueue pausing = new PausedAfter(1);

        assertThat(pass(pausing)).isEqualTo(RelayPass.Outcome.PAUSED);

        assertThat(queue.elements()).hasSize(BATCH);
        assertThat(delivered()).isEqualTo(BATCH);
        assertThat(pass(queue)).isEqualTo(RelayPass.Outcome.PAUSED);
        assertThat(queue.elements()).hasSize(BATCH);

        outbox.steering().change(StateChange.RESUME, 0, DO);
        assertThat(pass(queue)).isEqualTo(RelayPass.Outcome.DRAINED);
        assertThat(queue.elements()).hasSize(11);
    }

    private RelayPass.Outcome pass(MessageQueue to) {
        Source source = new Source(outbox.partitions().outboxId(), 0);
        RelayPass pass = new RelayPass(
                outbox.partitions().all().get(0),
                to,
                source,
                new RelayPass.PassLimits(BATCH, 1_000_000, 10, "relay of the test"),
                () -> true,
                Traffic.NONE,
                new PassObserver() {});
        return pass.run(to.checkpoints(source, 1));
    }

    private long delivered() {
        return outbox.jdbc().queryForObject("SELECT delivered_position FROM outbox_partition", Long.class);
    }

    /** The operator's decision falls between an append and the claim that follows it. */
    private final class PausedAfter implements MessageQueue {

        private final AtomicInteger appendsLeft;

        PausedAfter(int appends) {
            appendsLeft = new AtomicInteger(appends);
        }

        @Override
        public Checkpoints checkpoints(Source source, int most) {
            return queue.checkpoints(source, most);
        }

        @Override
        public AppendResult append(Source source, Append append) {
            AppendResult result = queue.append(source, append);
            if (appendsLeft.decrementAndGet() == 0) {
                outbox.steering().change(StateChange.PAUSE, 0, DO);
            }
            return result;
        }
    }
}
