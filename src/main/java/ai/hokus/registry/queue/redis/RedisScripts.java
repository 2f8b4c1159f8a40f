package ai.hokus.registry.queue.redis;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.queue.ConsumerLists;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

/**
 * The scripts, from the files {@code *.lua} of this package, without comments and blank lines: the text is sent with each call.
 *
 * <p>Rights that the Redis user needs: {@code +eval +lindex +llen +linsert +lrange +ltrim +lpush +ping} on the queue and on
 * {@code {QUEUE}:outbox:*}, {@code +cluster} in a cluster, and {@code +publish} on {@code QUEUE:pubsub} where notifications are
 * on. Only a missing right to publish is a warning; without any of the others an append changes nothing.
 *
 * <p>To look at consumers' lists, it needs {@code +eval +llen +lrange +lindex} on the queue, {@code QUEUE:processing}, {@code
 * QUEUE:dlq} and {@code {QUEUE}:outbox:*}, and {@code +ltrim} on the last. To put back, it needs {@code +eval +rpush +lrem
 * +ltrim} on the first three. Without them the relay works all the same.
 */
final class RedisScripts {

    private static final String FAILED = read("failed");

    static final String APPEND = FAILED + read("append");
    static final String CHECKPOINTS = FAILED + read("checkpoints");
    static final String EVICTION_POLICY = read("eviction_policy");
    static final String SNAPSHOT = FAILED + read("snapshot");
    static final String DEPTH = FAILED + read("depth");
    static final String PUT_BACK = FAILED + "local max_gone = " + ConsumerLists.MAX_GONE + "\n" + read("put_back");

    /** Answers if Redis does and may run scripts, a replica too. KEYS: the queue, which is not touched. */
    static final String PING = "return {'PONG'}";

    private RedisScripts() {}

    private static String read(String name) {
        try (InputStream file = requireNonNull(RedisScripts.class.getResourceAsStream(name + ".lua"))) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.strip().startsWith("--"))
                    .collect(Collectors.joining("\n", "", "\n"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
