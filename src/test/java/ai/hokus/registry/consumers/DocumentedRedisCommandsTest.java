package ai.hokus.registry.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The runbook's commands that put something back by hand, on a real Redis. */
class DocumentedRedisCommandsTest {

    private static final String QUEUE = "hokusai:model_ready_queue";
    private static final Pattern COMMAND = Pattern.compile("(?m)^redis ((?:LMOVE|EVAL) .*)$");
    private static final Pattern WORD = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"|(\\S+)");

    private final TestRedis server = TestRedis.start();
    private final RedisConnection redis = server.connect();

    @AfterEach
    void stop() {
        redis.close();
        server.close();
    }

    @Test
    void the_oldest_that_a_consumer_left_is_taken_next() throws IOException {
        redis.command("LPUSH", QUEUE, "waiting");
        redis.command("LPUSH", QUEUE + ":processing", "oldest");
        redis.command("LPUSH", QUEUE + ":processing", "newest");

        redis.command(command("LMOVE"));

        assertThat(redis.texts("LRANGE", QUEUE, "0", "-1")).containsExactly("waiting", "oldest");
        assertThat(redis.texts("LRANGE", QUEUE + ":processing", "0", "-1")).containsExactly("newest");
    }

    @Test
    void the_oldest_dead_letter_is_taken_next_unwrapped_and_with_no_retries() throws IOException {
        String element = "{\"message_id\":\"m\",\"payload\":{\"retry_count\":7},\"retry_count\":%d,\"max_retries\":3}";
        redis.command("LPUSH", QUEUE + ":dlq", element.formatted(3));
        redis.command(
                "LPUSH",
                QUEUE + ":dlq",
                "{\"original_message\":\"" + element.formatted(12).replace("\"", "\\\"") + "\",\"error\":\"boom\"}");
        redis.command("LPUSH", QUEUE, "waiting");

        redis.command(command("EVAL"));
        redis.command(command("EVAL"));

        assertThat(redis.texts("LRANGE", QUEUE, "0", "-1"))
                .containsExactly("waiting", element.formatted(0), element.formatted(0));
        assertThat(redis.command("LLEN", QUEUE + ":dlq")).isEqualTo(0L);
        assertThat(redis.command(command("EVAL"))).isEqualTo("empty");
    }

    /** As a shell splits it into words. */
    private static String[] command(String name) throws IOException {
        Matcher command = COMMAND.matcher(Files.readString(Path.of("docs", "runbook.md")));
        while (command.find()) {
            if (command.group(1).startsWith(name)) {
                List<String> words = new ArrayList<>();
                Matcher word = WORD.matcher(command.group(1));
                while (word.find()) {
                    words.add(
                            word.group(1) == null
                                    ? word.group(2)
                                    : word.group(1).replace("\\\"", "\""));
                }
                return words.toArray(String[]::new);
            }
        }
        throw new AssertionError("no such command in the runbook: " + name);
    }
}
