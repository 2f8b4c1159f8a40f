package ai.hokus.registry.queue;

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
 *     would only break the connection. Keep this at or below the server's {@code proto-max-bulk-len}.
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

    /** What the client library adds at most to its own two timeouts before a call is given up. */
    private static final Duration SLACK = Duration.ofMillis(500);

    private static final Duration MAX_TIMEOUT = Duration.ofSeconds(30);

    /** After a restore of the database each one may be looked up in its log, within one transaction of 5 s. */
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
        if (capacity < 1) {
            throw new IllegalArgumentException(
                    "registry.queue.capacity is " + capacity + "; it must be at least 1 element, for example 100000");
        }
        if (checkpoints < 1 || checkpoints > MAX_CHECKPOINTS) {
            throw new IllegalArgumentException("registry.queue.checkpoints is " + checkpoints
                    + "; it must be between 1 and " + MAX_CHECKPOINTS + ", for example 1000");
        }
        requireTimeout("registry.queue.connect-timeout", connectTimeout);
        requireTimeout("registry.queue.command-timeout", commandTimeout);
        if (connections < 1 || connections > MAX_CONNECTIONS) {
            throw new IllegalArgumentException("registry.queue.connections is " + connections
                    + "; it must be between 1 and " + MAX_CONNECTIONS + ", for example 2");
        }
        if (maxElementSize.toBytes() < 1) {
            throw new IllegalArgumentException("registry.queue.max-element-size is " + maxElementSize
                    + "; it must be at least 1B, for example 512MB");
        }
    }

    /**
     * The longest that one call of {@link MessageQueue} blocks its caller: {@code connect-timeout + command-timeout + 500
     * ms}, 4.5 s by default. The call is given up then, whatever the client library is doing.
     */
    public Duration maxCallDuration() {
        return connectTimeout.plus(commandTimeout).plus(SLACK);
    }

    /** The list that holds a producer's checkpoints, the newest at its head, in the queue's own hash slot. */
    public String checkpointsKey(ProducerId producer) {
        String sameSlot = hasHashTag(name) ? name : "{" + name + "}";
        return sameSlot + ":outbox:" + producer.outbox() + ":" + producer.partition();
    }

    /** The list that holds a producer's milestones, beside its checkpoints. */
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

    /** The same with another maximum of connections. */
    public QueueSettings withConnections(int number) {
        return new QueueSettings(
                name, capacity, checkpoints, notifications, connectTimeout, commandTimeout, number, maxElementSize);
    }

    private static boolean hasHashTag(String name) {
        return ONE_HASH_TAG.matcher(name).matches();
    }

    private static void requireTimeout(String property, Duration timeout) {
        if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(MAX_TIMEOUT) > 0) {
            throw new IllegalArgumentException(property + " is " + timeout + "; it must be between 1ms and "
                    + MAX_TIMEOUT.toSeconds() + "s, for example 2s");
        }
    }
}
