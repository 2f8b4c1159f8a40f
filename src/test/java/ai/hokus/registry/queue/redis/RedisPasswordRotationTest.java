package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.AppendResult.Appended;
import ai.hokus.registry.queue.AppendResult.Stale;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueEntry;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.mock.env.MockEnvironment;
import org.springframework.util.unit.DataSize;

/** The password of a real Redis changes while a writer appends one element after the other. */
@ExtendWith(OutputCaptureExtension.class)
class RedisPasswordRotationTest {

    private static final QueueSettings SETTINGS = new QueueSettings(
            "q", 1_000_000, 100, false, Duration.ofSeconds(1), Duration.ofSeconds(1), 2, DataSize.ofMegabytes(1));

    @TempDir
    private Path folder;

    private Path file;
    private TestRedis server;
    private RedisConnection operator;
    private RedisMessageQueue queue;
    private Writer writer;

    @BeforeEach
    void start() throws IOException {
        file = Files.writeString(folder.resolve("token"), "first");
        server = TestRedis.start("requirepass first");
        operator = server.connect();
        operator.command("AUTH", "first");
        MockEnvironment environment = new MockEnvironment()
                .withProperty("REDIS_URL", server.url())
                .withProperty("REDIS_AUTH_TOKEN_FILE", file.toString());
        queue = new RedisMessageQueue(
                SETTINGS, new RedisEnvironment(environment).settings().orElseThrow());
        writer = new Writer(queue);
        writer.awaitMore(100);
    }

    @AfterEach
    void stop() {
        writer.stop();
        queue.close();
        operator.close();
        server.close();
    }

    /** As ElastiCache rotates: for a while both are good. No call fails until the old one is taken away for good. */
    @Test
    void both_passwords_work_for_a_while() throws IOException {
        operator.command("ACL", "SETUSER", "default", ">second");
        replaceFile("second");
        Set<String> before = connections();
        Eventually.await("the connections are renewed", () -> disjoint(before, connections()));
        writer.awaitMore(100);
        assertThat(writer.failures()).isEmpty();

        operator.command("ACL", "SETUSER", "default", "<first");
        operator.command("CLIENT", "KILL", "TYPE", "normal");
        writer.awaitMore(500);

        assertNothingLost();
    }

    @Test
    void the_server_changes_first_and_drops_its_clients() throws IOException {
        operator.command("CONFIG", "SET", "requirepass", "second");
        operator.command("CLIENT", "KILL", "TYPE", "normal");
        Eventually.await("it is noticed", () -> writer.failures().contains(Cause.AUTHENTICATION));
        replaceFile("second");
        writer.awaitMore(500);

        assertNothingLost();
    }

    @Test
    void the_file_changes_first(CapturedOutput output) throws IOException {
        replaceFile("second");
        Eventually.await(
                "it is said", () -> output.getAll().contains("does not accept what REDIS_AUTH_TOKEN_FILE holds"));
        writer.awaitMore(100);
        assertThat(writer.failures()).isEmpty();
        operator.command("CONFIG", "SET", "requirepass", "second");
        operator.command("CLIENT", "KILL", "TYPE", "normal");
        writer.awaitMore(500);

        assertNothingLost();
    }

    private void replaceFile(String password) throws IOException {
        Path fresh = Files.writeString(folder.resolve("fresh"), password);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private void assertNothingLost() {
        writer.stop();
        List<String> elements = new ArrayList<>(operatorAgain().texts("LRANGE", "q", "0", "-1"));
        Collections.reverse(elements);
        List<String> expected = new ArrayList<>();
        for (int n = 1; n <= writer.appended(); n++) {
            expected.add("e" + n);
        }
        assertThat(elements).isEqualTo(expected);
    }

    /** It may have been dropped with the others. */
    private RedisConnection operatorAgain() {
        operator.close();
        operator = server.connect();
        for (String password : List.of("first", "second")) {
            try {
                operator.command("AUTH", password);
                return operator;
            } catch (IllegalStateException wrong) {
                // The other one, then.
            }
        }
        throw new AssertionError("neither password is good");
    }

    private Set<String> connections() {
        Set<String> ids = new HashSet<>();
        for (String line : ((String) operator.command("CLIENT", "LIST")).split("\n")) {
            if (!line.contains("cmd=client")) {
                ids.add(line.substring(0, line.indexOf(' ')));
            }
        }
        return ids;
    }

    private static boolean disjoint(Set<String> before, Set<String> now) {
        return !now.isEmpty() && Collections.disjoint(before, now);
    }

    /** Appends e1, e2, ... under checkpoints 1, 2, ..., as the relay does: what is in doubt is tried again. */
    private static final class Writer {

        private final RedisMessageQueue queue;
        private final ProducerId source = new ProducerId(UUID.randomUUID(), 0);
        private final AtomicInteger appended = new AtomicInteger();
        private final Set<Cause> failures = Collections.synchronizedSet(EnumSet.noneOf(Cause.class));
        private final Thread thread = new Thread(this::write, "writer");
        private volatile boolean stopping;

        Writer(RedisMessageQueue queue) {
            this.queue = queue;
            thread.start();
        }

        private void write() {
            while (!stopping) {
                int next = appended.get() + 1;
                try {
                    AppendResult result = queue.append(
                            source,
                            new Append(
                                    next == 1 ? null : Integer.toString(next - 1),
                                    Integer.toString(next),
                                    false,
                                    List.of(new QueueEntry("e" + next, ""))));
                    boolean arrived = result instanceof Appended
                            || (result instanceof Stale stale
                                    && Integer.toString(next).equals(stale.newest()));
                    if (!arrived) {
                        throw new AssertionError("append " + next + ": " + result);
                    }
                    appended.set(next);
                } catch (QueueUnavailableException e) {
                    failures.add(e.kind());
                }
            }
        }

        void awaitMore(int appends) {
            int from = appended.get();
            Eventually.await(appends + " more appends", () -> appended.get() - from >= appends, this::failures);
        }

        int appended() {
            return appended.get();
        }

        Set<Cause> failures() {
            return Set.copyOf(failures);
        }

        void stop() {
            stopping = true;
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
