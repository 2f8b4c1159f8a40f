package ai.hokus.registry.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The twin keeps the contract, so that the other rooms' tests may rely on it. */
class InMemoryMessageQueueTest extends MessageQueueContract {

    private InMemoryMessageQueue twin;

    @Override
    protected MessageQueue queue(long capacity, int checkpoints) {
        twin = new InMemoryMessageQueue(capacity, checkpoints);
        twin.refuse(entry -> entry.element().equals("refuse me"));
        return twin;
    }

    @Override
    protected List<String> elements() {
        return twin.elements();
    }

    @Override
    protected String take() {
        return twin.take().orElseThrow();
    }

    @Override
    protected QueueEntry refusedEntry() {
        return new QueueEntry("refuse me", "");
    }

    @Test
    void it_falls_back_to_what_it_was() {
        MessageQueue queue = queue();
        queue.append(producer, append(null, "1:a", "a"));
        InMemoryMessageQueue.State snapshot = twin.state();
        queue.append(producer, append("1:a", "2:b", "b"));
        twin.take();

        twin.fallBackTo(snapshot);

        assertThat(twin.elements()).containsExactly("a");
        assertThat(queue.allCheckpoints(producer).newestFirst()).containsExactly("1:a");
        twin.wipe();
        assertThat(queue.allCheckpoints(producer)).isEqualTo(new Checkpoints(List.of(), List.of(), 0));
    }

    @Test
    void it_fails_until_told_otherwise() {
        MessageQueue queue = queue();
        QueueUnavailableException away = new QueueUnavailableException(Cause.UNREACHABLE, "away", null);

        twin.failWith(away);
        assertThatThrownBy(() -> queue.newestCheckpoint(producer)).isSameAs(away);
        assertThatThrownBy(() -> queue.append(producer, append(null, "1:a", "a")))
                .isSameAs(away);
        twin.failWith(null);

        assertThat(queue.append(producer, append(null, "1:a", "a"))).isInstanceOf(AppendResult.Appended.class);
    }
}
