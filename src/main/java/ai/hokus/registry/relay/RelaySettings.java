package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.OutboxPartitions;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the relay.
 *
 * <p>The arithmetic of the lock: a pass begins no step after {@code passLimit}. The longest step is setting one message
 * aside: an empty append, a record in the database, another empty append. With the defaults that is 5 s + 4.5 s + 7 s +
 * 4.5 s = 21 s, and {@code lockAtMostFor} is 30 s. Should it run longer all the same, two relays overlap, and the
 * protocol holds.
 *
 * @param enabled false: this instance accepts registrations and leaves delivery to others
 * @param interval longest wait between two passes over a partition
 * @param batchMessages messages per append, at most
 * @param batchBytes payload per append, at most (UTF-8)
 * @param passLimit a pass begins no step after this; what is left goes on in the next one
 * @param lockAtMostFor when a partition's lock is free again after its holder died
 * @param firstWait how long the queue is left alone when it has failed; doubled with every failure, and up to 20 % shorter by
 *     chance
 * @param longestWait the most that it becomes
 */
@ConfigurationProperties("registry.relay")
record RelaySettings(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("1s") Duration interval,
        @DefaultValue("500") int batchMessages,
        @DefaultValue("4MB") DataSize batchBytes,
        @DefaultValue("5s") Duration passLimit,
        @DefaultValue("30s") Duration lockAtMostFor,
        @DefaultValue("500ms") Duration firstWait,
        @DefaultValue("5s") Duration longestWait) {

    /** What Lua's unpack takes is about 8,000 values; the queue's script needs a few of them itself. */
    static final int MOST_MESSAGES = 5_000;

    /** A claim, with the wait for a connection from the pool. */
    static final Duration LONGEST_CLAIM = OutboxPartitions.LONGEST_CLAIM.plusSeconds(2);

    RelaySettings {
        atLeast("interval", interval, Duration.ofMillis(10), "1s");
        atLeast("pass-limit", passLimit, Duration.ofMillis(100), "5s");
        atLeast("first-wait", firstWait, Duration.ofMillis(10), "500ms");
        atLeast("longest-wait", longestWait, firstWait, "5s");
        if (batchMessages < 1 || batchMessages > MOST_MESSAGES) {
            throw new IllegalArgumentException("registry.relay.batch-messages is " + batchMessages
                    + "; it must be between 1 and " + MOST_MESSAGES + ", for example 500");
        }
        if (batchBytes.toBytes() < 1 || batchBytes.toMegabytes() > 256) {
            throw new IllegalArgumentException("registry.relay.batch-bytes is " + batchBytes
                    + "; it must be between 1B and 256MB, for example 4MB");
        }
    }

    /**
     * @param longestCall of the queue
     * @throws IllegalArgumentException when a pass can outlive its lock
     */
    void checkLock(Duration longestCall) {
        Duration longestPass = passLimit.plus(LONGEST_CLAIM).plus(longestCall.multipliedBy(2));
        if (lockAtMostFor.compareTo(longestPass) <= 0) {
            throw new IllegalArgumentException("registry.relay.lock-at-most-for is " + lockAtMostFor
                    + "; a pass can take " + longestPass + " (pass-limit, one claim and two calls of the queue):"
                    + " it must be longer than that, for example 30s");
        }
    }

    private static void atLeast(String name, Duration value, Duration least, String example) {
        if (value.compareTo(least) < 0) {
            throw new IllegalArgumentException("registry.relay." + name + " is " + value + "; it must be at least "
                    + least + ", for example " + example);
        }
    }
}
