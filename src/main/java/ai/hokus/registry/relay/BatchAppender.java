package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueEntry;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Appends what was claimed, on the pass's thread or {@code beside} it; one append at a time. */
record BatchAppender(MessageQueue queue, ProducerId producer, PassObserver observer, Executor beside) {

    /** Every multiple of this many positions leaves a checkpoint that is kept longer than the others. */
    private static final int MILESTONE_INTERVAL = 1_000;

    /** @param ahead what was claimed meanwhile; null: nothing was asked for */
    record Answer(AppendResult result, @Nullable ClaimResult ahead) {}

    AppendResult append(@Nullable String expected, ClaimResult.Claimed claimed) {
        List<OutboxMessage> sent = claimed.messages().stream()
                .filter(message -> !message.withheld())
                .toList();
        List<QueueEntry> entries = sent.stream().map(Envelope::of).toList();
        boolean milestone =
                claimed.lastPosition() / MILESTONE_INTERVAL > (claimed.firstPosition() - 1) / MILESTONE_INTERVAL;
        Append append = new Append(expected, claimed.checkpoint().toString(), milestone, entries);
        long start = System.nanoTime();
        AppendResult result = queue.append(producer, append);
        if (result instanceof AppendResult.Appended) {
            observer.appended(sent, Duration.ofNanos(System.nanoTime() - start));
        }
        return result;
    }

    /**
     * Appends while this thread claims. Both are over when this returns or throws, unless this thread is interrupted while it
     * waits: then the append may still happen. What {@code claimAhead} throws comes first.
     */
    Answer appendWhile(@Nullable String expected, ClaimResult.Claimed claimed, Supplier<ClaimResult> claimAhead) {
        var answer = CompletableFuture.supplyAsync(() -> append(expected, claimed), beside);
        ClaimResult ahead;
        try {
            ahead = claimAhead.get();
        } catch (RuntimeException | Error e) {
            try {
                await(answer);
            } catch (RuntimeException alsoFailed) {
                e.addSuppressed(alsoFailed);
            }
            throw e;
        }
        return new Answer(await(answer), ahead);
    }

    private static AppendResult await(CompletableFuture<AppendResult> answer) {
        try {
            return answer.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QueueUnavailableException(Cause.TIMEOUT, "interrupted while waiting for the answer", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        }
    }
}
