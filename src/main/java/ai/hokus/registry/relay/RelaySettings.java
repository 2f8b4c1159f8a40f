package ai.hokus.registry.relay;

import ai.hokus.registry.SettingRange;
import ai.hokus.registry.outbox.OutboxPartitions;
import ai.hokus.registry.queue.Append;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the relay.
 *
 * <p>The arithmetic of the lock: a pass begins no step after {@code max-pass-duration}. The longest step parks one message: an
 * empty append, a record in the database, another empty append. With the defaults, in the worst case of each, that is 5 s + 4.5
 * s + 17 s + 4.5 s = 31 s, and {@code lock-at-most-for} is 35 s. If it takes longer all the same, two relays overlap, and the
 * protocol still holds.
 *
 * @param enabled Whether this instance delivers. If not, it accepts registrations and leaves delivery to others.
 * @param interval Maximum time between two passes over a partition.
 * @param batchMessages Maximum number of messages in one append.
 * @param batchBytes Maximum payload of one append, in bytes of UTF-8. A larger message is sent alone.
 * @param maxPassDuration A pass begins no step after this time, counted from when it asks for its lock, and leaves the rest to
 *     the next pass.
 * @param lockAtMostFor Time after which a partition's relay lock (ShedLock) is free again if its holder died.
 * @param initialBackoff How long the relay waits after a first failure of the queue. Each further failure doubles the time,
 *     which is then shortened by up to 20 % at random.
 * @param maxBackoff Upper bound of the backoff.
 */
@ConfigurationProperties("registry.relay")
record RelaySettings(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("1s") Duration interval,
        @DefaultValue("2000") int batchMessages,
        @DefaultValue("4MB") DataSize batchBytes,
        @DefaultValue("5s") Duration maxPassDuration,
        @DefaultValue("35s") Duration lockAtMostFor,
        @DefaultValue("500ms") Duration initialBackoff,
        @DefaultValue("5s") Duration maxBackoff) {

    /**
     * A transaction of the outbox: 2 s for a connection from the pool, its timeout for the statements, and 10 s for a commit that
     * nobody answers (the connection's socket timeout).
     */
    static final Duration MAX_TRANSACTION_DURATION = OutboxPartitions.TRANSACTION_TIMEOUT.plusSeconds(12);

    private static final DataSize MAX_BATCH_SIZE = DataSize.ofMegabytes(256);

    RelaySettings {
        SettingRange.atLeast("registry.relay.interval", interval, Duration.ofMillis(10), "1s");
        SettingRange.atLeast("registry.relay.max-pass-duration", maxPassDuration, Duration.ofMillis(500), "5s");
        SettingRange.atLeast("registry.relay.initial-backoff", initialBackoff, Duration.ofMillis(10), "500ms");
        SettingRange.atLeast(
                "registry.relay.max-backoff", maxBackoff, "registry.relay.initial-backoff", initialBackoff);
        SettingRange.between("registry.relay.batch-messages", batchMessages, 1, Append.MAX_ENTRIES, "2000");
        SettingRange.between("registry.relay.batch-bytes", batchBytes, DataSize.ofBytes(1), MAX_BATCH_SIZE, "4MB");
    }

    /**
     * @param maxCallDuration of the queue
     * @throws IllegalArgumentException when a pass can outlive its lock
     */
    void checkLock(Duration maxCallDuration) {
        Duration claimAndAppend = MAX_TRANSACTION_DURATION.plus(maxCallDuration);
        Duration maxPass = maxPassDuration.plus(claimAndAppend).plus(maxCallDuration);
        if (lockAtMostFor.compareTo(maxPass) <= 0) {
            throw new IllegalArgumentException("registry.relay.lock-at-most-for is " + SettingRange.text(lockAtMostFor)
                    + "; a pass can take " + SettingRange.text(maxPass)
                    + " (max-pass-duration, one transaction and two calls of the queue):"
                    + " it must be longer than that, for example 35s");
        }
    }
}
