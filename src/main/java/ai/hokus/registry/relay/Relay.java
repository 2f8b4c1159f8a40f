package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.CommitListener;
import ai.hokus.registry.outbox.CommittedMessage;
import ai.hokus.registry.outbox.PurgeGuard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * The relay of this instance: one thread per partition, and one more for each append of a backlog. Stops after the web server, so
 * that the messages accepted last have their chance, and before the pools close. Thread-safe.
 */
public class Relay implements SmartLifecycle, CommitListener, PurgeGuard {

    private static final Logger log = LoggerFactory.getLogger(Relay.class);

    /** A pass that is in the middle of a call ends within the call's own bound, or is interrupted after this. */
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(6);

    private final Supplier<List<PartitionRelay>> factory;
    private final QueueBreaker breaker;
    private final RelayMode mode;
    private final List<Thread> threads = new ArrayList<>();

    /** New ones for each start. */
    private volatile List<PartitionRelay> partitions;

    /** @param factory makes one relay per partition; none unless the mode is {@link RelayMode#RELAYING} */
    Relay(RelayMode mode, Supplier<List<PartitionRelay>> factory, QueueBreaker breaker) {
        this.mode = mode;
        this.factory = factory;
        this.partitions = List.copyOf(factory.get());
        this.breaker = breaker;
    }

    public RelayMode mode() {
        return mode;
    }

    /** Empty when this instance relays nothing. */
    public List<RelayStatus> statuses() {
        return partitions.stream().map(PartitionRelay::status).toList();
    }

    public BreakerState breaker() {
        return breaker.state();
    }

    /** The partitions in which this instance's relay has just compared the queue with what was delivered. */
    @Override
    public List<Integer> purgeablePartitions() {
        return partitions.stream()
                .filter(PartitionRelay::knowsQueue)
                .map(partition -> partition.status().partition())
                .toList();
    }

    @Override
    public void committed(CommittedMessage message) {
        wake(message.partition());
    }

    /** Wakes the partition's relay. Returns at once. */
    public void wake(int partition) {
        List<PartitionRelay> current = partitions;
        if (partition < current.size()) {
            current.get(partition).wake();
        }
    }

    @Override
    public synchronized void start() {
        switch (mode) {
            case NOT_CONFIGURED ->
                log.warn("No Redis is configured (REDIS_URL or REDIS_HOST): registrations are accepted and"
                        + " their messages wait in the outbox.");
            case DISABLED ->
                log.info("registry.relay.enabled is false: this instance accepts registrations and leaves"
                        + " delivery to others.");
            case RELAYING -> log.debug("Relaying {} partitions.", partitions.size());
        }
        partitions = List.copyOf(factory.get());
        for (PartitionRelay partition : partitions) {
            Thread thread = new Thread(partition, "relay-" + partition.status().partition());
            thread.start();
            threads.add(thread);
        }
    }

    @Override
    public synchronized void stop() {
        partitions.forEach(PartitionRelay::stop);
        long deadline = System.nanoTime() + STOP_TIMEOUT.toNanos();
        for (Thread thread : threads) {
            try {
                thread.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (thread.isAlive()) {
                // It is inside a call. The next look at the checkpoints tells what became of that.
                thread.interrupt();
            }
        }
        threads.clear();
    }

    @Override
    public synchronized boolean isRunning() {
        return !threads.isEmpty();
    }

    @Override
    public int getPhase() {
        return SmartLifecycle.DEFAULT_PHASE - 4096;
    }
}
