package ai.hokus.registry.queue;

import ai.hokus.registry.SettingRange;
import java.time.Duration;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the queue; where Redis is and how to log in to it comes from the environment's {@code REDIS_...} variables.
 *
 * @param name The Redis list that consumers pop. {@code NAME:pubsub} is the channel of the notifications.
 * @param capacity Number of elements at which the relay stops, so that Redis' memory stays bounded. Further messages wait in
 *     the database.
 * @param checkpoints How many of the newest checkpoints Redis keeps for each partition, and how many milestones. They are
 *     needed to find out what a Redis lost.
 * @param notifications Whether each message is also published to subscribers.
 * @param connectTimeout Maximum time until a connection to Redis is open.
 * @param commandTimeout Maximum time until Redis has answered a command.
 * @param connections Maximum number of connections to Redis (in a cluster, to each primary).
 * @param maxElementSize Maximum size of an element, in bytes of UTF-8. A larger one is refused without asking Redis, which
 *     would only break the connection. Keep this at or below the server's {@code proto-max-bulk-len}, and at least 1 KB above
 *     {@code registry.registration.max-payload}.
 */
@ConfigurationProperties("registry.queue")
public record QueueSettings(
        @DefaultValue("hokusai:model_ready_queue") String name,
        @DefaultValue("100000") long capacity,
        @DefaultValue("1000") int checkpoints,
        @DefaultValue("false") boolean notifications,
        @DefaultValue("2s") Duration connectTimeout,
        @DefaultValue("2s") Duration commandTimeout,
        @DefaultValue("2") int connections,
        @DefaultValue("512MB") DataSize maxElementSize) {

    /** How much the client library may add to its own two timeouts. */
    private static final Duration SLACK = Duration.ofMillis(500);

    private static final Duration MIN_TIMEOUT = Duration.ofMillis(1);
    private static final Duration MAX_TIMEOUT = Duration.ofSeconds(30);

    /** After a restore of the database each may be looked up in the log of batches, all within one transaction of 5 s. */
    private static final int MAX_CHECKPOINTS = 2_000;

    private static final int MAX_CONNECTIONS = 16;

    private static final Pattern NO_BRACES = Pattern.compile("[^{}]+");
    private static final Pattern ONE_HASH_TAG = Pattern.compile("[^{}]*\\{[^{}]+}[^{}]*");

    public QueueSettings {
        if (name.isBlank() || !(NO_BRACES.matcher(name).matches() || hasHashTag(name))) {
            throw new IllegalArgumentException("registry.queue.name is \"" + name
                    + "\"; it must not be blank, and braces may only be one hash tag, for example"
                    + " hokusai:model_ready_queue or {hokusai}:model_ready_queue");
        }
        SettingRange.atLeast("registry.queue.capacity", capacity, 1L, "100000");
        SettingRange.between("registry.queue.checkpoints", checkpoints, 1, MAX_CHECKPOINTS, "1000");
        SettingRange.between("registry.queue.connect-timeout", connectTimeout, MIN_TIMEOUT, MAX_TIMEOUT, "2s");
        SettingRange.between("registry.queue.command-timeout", commandTimeout, MIN_TIMEOUT, MAX_TIMEOUT, "2s");
        SettingRange.between("registry.queue.connections", connections, 1, MAX_CONNECTIONS, "2");
        SettingRange.atLeast("registry.queue.max-element-size", maxElementSize, DataSize.ofBytes(1), "512MB");
    }

    /** The longest that one call of {@link MessageQueue} blocks: {@code connect-timeout + command-timeout + 500 ms}. */
    public Duration maxCallDuration() {
        return connectTimeout.plus(commandTimeout).plus(SLACK);
    }

    /** A list, the newest at its head, in the queue's own hash slot. */
    public String checkpointsKey(ProducerId producer) {
        return besideTheQueue(producer.outbox() + ":" + producer.partition());
    }

    /** A key that never exists, beside the checkpoints: trimming it shows whether a node accepts writes, and changes nothing. */
    public String absentKey() {
        return besideTheQueue("absent");
    }

    private String besideTheQueue(String name) {
        return (hasHashTag(this.name) ? this.name : "{" + this.name + "}") + ":outbox:" + name;
    }

    public String milestonesKey(ProducerId producer) {
        return checkpointsKey(producer) + ":milestones";
    }

    public String notificationsChannel() {
        return name + ":pubsub";
    }

    /** Whether the name has a hash tag, so that the queue and its {@link ConsumerList}s are in one slot of a cluster. */
    public boolean hasHashTag() {
        return hasHashTag(name);
    }

    public QueueSettings withConnections(int number) {
        return new QueueSettings(
                name, capacity, checkpoints, notifications, connectTimeout, commandTimeout, number, maxElementSize);
    }

    private static boolean hasHashTag(String name) {
        return ONE_HASH_TAG.matcher(name).matches();
    }
}
