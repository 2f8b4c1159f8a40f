package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/** Passes of one relay over partition 0, one after the other, each of which knows what the one before learned. */
final class TestPass {

    private final OutboxPartition partition;
    private final ProducerId producer;
    private RelayPass.Limits limits;
    private RelayPass.Result last;
    private Executor appender = Runnable::run;

    TestPass(TestOutbox outbox, int batchMessages) {
        this(outbox, batchMessages, 1_000_000);
    }

    TestPass(TestOutbox outbox, int batchMessages, long batchBytes) {
        this.partition = outbox.partition(0, "relay of the test");
        this.producer = new ProducerId(outbox.partitions().outboxId(), 0);
        this.limits = new RelayPass.Limits(batchMessages, batchBytes, 1);
    }

    /** On another thread than the test's, an append can take until the next batch is claimed. */
    TestPass appendingOn(Executor executor) {
        appender = executor;
        return this;
    }

    /** Otherwise every batch is appended while the next one is claimed. */
    TestPass claimingAheadFrom(int messages) {
        limits = new RelayPass.Limits(limits.batchMessages(), limits.batchBytes(), messages);
        return this;
    }

    ProducerId producer() {
        return producer;
    }

    RelayState run(MessageQueue queue) {
        return run(queue, () -> true, LingerPolicy.NONE, new PassObserver() {});
    }

    RelayState run(MessageQueue queue, BooleanSupplier timeIsLeft, LingerPolicy linger, PassObserver observer) {
        RelayPass.Result before = last;
        last = null;
        BatchAppender appends = new BatchAppender(queue, producer, observer, appender);
        last = new RelayPass(partition, queue, producer, limits, appends, timeIsLeft, linger, observer)
                .run(queue.newestCheckpoint(producer), before);
        return last.state();
    }
}
