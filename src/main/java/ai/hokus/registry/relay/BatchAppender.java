package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueEntry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Appends what was claimed, on the pass's thread or beside it. Confined to the pass's thread. */
final class BatchAppender {

    /** Every multiple of this many positions leaves a checkpoint that is kept longer than the others. */
    private static final int MILESTONE_INTERVAL = 1_000;

    /** What the queue said, and how soon. */
    private record Answer(AppendResult result, List<OutboxMessage> messages, Duration took) {}

    private final MessageQueue queue;
    private final ProducerId producer;
    private final PassObserver observer;
    private final Executor beside;

    /** @param beside runs what the pass does not wait for */
    BatchAppender(MessageQueue queue, ProducerId producer, PassObserver observer, Executor beside) {
        this.queue = queue;
        this.producer = producer;
        this.observer = observer;
        this.beside = beside;
    }

    /**
     * @param expected the newest checkpoint that the queue must have; null: none
     * @throws ai.hokus.registry.queue.QueueUnavailableException as {@link MessageQueue#append}
     */
    AppendResult append(@Nullable String expected, ClaimResult.Claimed claimed) {
        return observed(send(expected, claimed));
    }

    /** The same while the caller does something else; the result waits for the answer, and is to be asked for once. */
    Supplier<AppendResult> begin(@Nullable String expected, ClaimResult.Claimed claimed) {
        CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(() -> send(expected, claimed), beside);
        return () -> {
            try {
                return observed(answer.join());
            } catch (CompletionException e) {
                throw e.getCause() instanceof RuntimeException failure ? failure : e;
            }
        };
    }

    private Answer send(@Nullable String expected, ClaimResult.Claimed claimed) {
        List<OutboxMessage> sent = claimed.messages().stream()
                .filter(message -> !message.withheld())
                .toList();
        List<QueueEntry> entries = sent.stream().map(Envelope::of).toList();
        boolean milestone =
                claimed.lastPosition() / MILESTONE_INTERVAL > (claimed.firstPosition() - 1) / MILESTONE_INTERVAL;
        Append append = new Append(expected, claimed.checkpoint().toString(), milestone, entries);
        long start = System.nanoTime();
        AppendResult result = queue.append(producer, append);
        return new Answer(result, sent, Duration.ofNanos(System.nanoTime() - start));
    }

    private AppendResult observed(Answer answer) {
        if (answer.result() instanceof AppendResult.Appended) {
            observer.appended(answer.messages(), answer.took());
        }
        return answer.result();
    }
}
