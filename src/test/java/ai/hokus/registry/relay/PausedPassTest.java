package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.DelegatingQueue;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.support.EachDatabase;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An operator pauses a partition while a pass is under way. */
class PausedPassTest extends EachDatabase {

    private static final int BATCH = 4;

    private TestOutbox outbox;
    private TestPass passes;
    private final InMemoryMessageQueue queue = new InMemoryMessageQueue(1000, 10);

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(1);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        passes = new TestPass(outbox, BATCH);
        for (int n = 0; n < 11; n++) {
            outbox.append("model-" + n);
        }
    }

    @Test
    void pausing_ends_a_running_pass_after_the_batch_that_is_under_way_and_resuming_goes_on_there() {
        boolean[] paused = {false};
        MessageQueue pausing = new DelegatingQueue(queue) {
            @Override
            public AppendResult append(ProducerId producer, Append append) {
                AppendResult result = super.append(producer, append);
                if (!paused[0]) { // the decision falls between an append and the claim that follows it
                    paused[0] = true;
                    pause();
                }
                return result;
            }
        };

        assertThat(passes.run(pausing)).isEqualTo(RelayState.PAUSED);

        assertThat(queue.elements()).hasSize(BATCH);
        assertThat(outbox.delivered(0)).isEqualTo(BATCH);
        assertThat(passes.run(queue)).isEqualTo(RelayState.PAUSED);
        assertThat(queue.elements()).hasSize(BATCH);

        resume();
        assertThat(passes.run(queue)).isEqualTo(RelayState.IDLE);
        assertThat(queue.elements()).hasSize(11);
    }

    @Test
    void an_append_that_was_under_way_when_delivery_was_paused_fails_after_the_fence() {
        boolean[] paused = {false};
        MessageQueue frozen = new DelegatingQueue(queue) {
            @Override
            public AppendResult append(ProducerId producer, Append append) {
                if (!paused[0]) { // this relay sleeps before its append; meanwhile another one fences the pause
                    paused[0] = true;
                    pause();
                    assertThat(new TestPass(outbox, BATCH).run(queue)).isEqualTo(RelayState.PAUSED);
                    assertThat(fenced()).isTrue();
                }
                return super.append(producer, append);
            }
        };

        assertThat(passes.run(frozen)).isEqualTo(RelayState.PAUSED);

        assertThat(queue.elements()).isEmpty();
        resume();
        assertThat(passes.run(queue)).isEqualTo(RelayState.IDLE);
        assertThat(queue.elements()).hasSize(11);
    }

    @Test
    void a_fence_that_redis_forgot_is_made_again() {
        passes.run(queue);
        InMemoryMessageQueue.State before = queue.state();
        pause();
        passes.run(queue);
        queue.fallBackTo(before);

        passes.run(queue);

        assertThat(queue.newestCheckpoint(passes.producer()).newestFirst().get(0))
                .endsWith(":" + outbox.jdbc().queryForObject("SELECT halt_id FROM outbox_partition", Long.class));
    }

    @Test
    void a_fence_of_an_earlier_pause_does_not_count() {
        pause();
        passes.run(queue);
        resume();
        pause();

        assertThat(fenced()).isFalse();

        passes.run(queue);
        assertThat(fenced()).isTrue();
    }

    private void pause() {
        outbox.jdbc().update("UPDATE outbox_partition SET paused = TRUE, halt_id = DEFAULT");
    }

    private void resume() {
        outbox.jdbc().update("UPDATE outbox_partition SET paused = FALSE");
    }

    private boolean fenced() {
        return outbox.jdbc().queryForObject("SELECT fenced_halt_id = halt_id FROM outbox_partition", Boolean.class);
    }
}
