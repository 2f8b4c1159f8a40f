package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.AppendedMessage;
import ai.hokus.registry.outbox.CommitListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * The relay of this instance: one thread per partition, for the time that the application runs. Thread-safe.
 *
 * <p>Stops after the web server, so that what was accepted last has its chance, and before the pools close.
 */
public class Relay implements SmartLifecycle, CommitListener {

    private static final Logger log = LoggerFactory.getLogger(Relay.class);

    /** A pass that is in the middle of a call ends within the call's own bound; this is the longest we wait for it. */
    private static final Duration LONGEST_STOP = Duration.ofSeconds(6);

    private final List<PartitionRelay> partitions;
    private final QueueBreaker breaker;
    private final RelayMode mode;
    private final List<Thread> threads = new ArrayList<>();

    /**
     * @param partitions empty unless the mode is {@link RelayMode#RELAYING}
     */
    Relay(RelayMode mode, List<PartitionRelay> partitions, QueueBreaker breaker) {
        this.mode = mode;
        this.partitions = List.copyOf(partitions);
        this.breaker = breaker;
    }

    /** Whether this instance relays. */
    public RelayMode mode() {
        return mode;
    }

    /** One per partition; empty when this instance relays nothing. */
    public List<RelayStatus> statuses() {
        return partitions.stream().map(PartitionRelay::status).toList();
    }

    /** Whether this instance leaves the queue alone. */
    public BreakerState breaker() {
        return breaker.state();
    }

    /** Wakes the partition's relay. */
    @Override
    public void committed(AppendedMessage message) {
        if (!partitions.isEmpty()) {
            partitions.get(message.partition()).wake();
        }
    }

    /** Wakes the partition's relay: an operator has given it something to do. Returns at once. */
    public void wake(int partition) {
        if (partition < partitions.size()) {
            partitions.get(partition).wake();
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
        for (PartitionRelay partition : partitions) {
            Thread thread = new Thread(partition, "relay-" + partition.status().partition());
            thread.start();
            threads.add(thread);
        }
    }

    @Override
    public synchronized void stop() {
        partitions.forEach(PartitionRelay::stop);
        long deadline = System.nanoTime() + LONGEST_STOP.toNanos();
        for (Thread thread : threads) {
            try {
                thread.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (thread.isAlive()) {
                // It is inside a call. Whatever becomes of that, the next look at the checkpoints tells.
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
