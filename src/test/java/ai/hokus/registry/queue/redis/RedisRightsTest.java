package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.AppendResult.Appended;
import ai.hokus.registry.queue.AppendResult.Stale;
import ai.hokus.registry.queue.MessageQueueContract;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.util.unit.DataSize;

/**
 * Lua does not roll back: whichever one or two rights an ACL takes away from the service's user, a checkpoint and its
 * messages are both there or neither is.
 */
class RedisRightsTest {

    private static final String NAME = "q";
    private static final ProducerId SOURCE = new ProducerId(UUID.randomUUID(), 0);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final QueueSettings SETTINGS =
            new QueueSettings(NAME, 1_000, 1, true, TIMEOUT, TIMEOUT, 2, DataSize.ofMegabytes(1));
    private static final String CHECKPOINTS = SETTINGS.checkpointsKey(SOURCE);
    private static final String MILESTONES = SETTINGS.milestonesKey(SOURCE);

    private static final String PUBLISH = "+publish";
    private static final String CHANNEL = "&" + NAME + ":pubsub";

    /** Exactly what {@link RedisScripts} says it needs, and for each the next smaller thing. */
    private static final List<String> RIGHTS = List.of(
            "+eval",
            "+lindex",
            "+llen",
            "+linsert",
            "+lrange",
            "+ltrim",
            "+lpush",
            PUBLISH,
            CHANNEL,
            "%R~" + NAME,
            "%W~" + NAME,
            "%R~" + CHECKPOINTS,
            "%W~" + CHECKPOINTS,
            "%R~" + MILESTONES,
            "%W~" + MILESTONES);

    private static TestRedis server;
    private static RedisMessageQueue queue;

    @BeforeAll
    static void start() {
        server = TestRedis.start();
        grant(Set.copyOf(RIGHTS));
        queue = new RedisMessageQueue(
                SETTINGS, TestQueue.redis(server.host(), server.port(), false, "relay", "secret", 0, false));
        queue.newestCheckpoint(SOURCE);
    }

    @AfterAll
    static void stop() {
        queue.close();
        server.close();
    }

    @BeforeEach
    void an_append_happened_before() {
        server.run("FLUSHALL");
        grant(Set.copyOf(RIGHTS));
        assertThat(append(null, "1:a", "a")).isEqualTo(new Appended(1, List.of()));
    }

    static Stream<Set<String>> oneOrTwoOfTheRights() {
        List<Set<String>> missing = new ArrayList<>();
        for (int i = 0; i < RIGHTS.size(); i++) {
            missing.add(Set.of(RIGHTS.get(i)));
            for (int j = i + 1; j < RIGHTS.size(); j++) {
                missing.add(new TreeSet<>(List.of(RIGHTS.get(i), RIGHTS.get(j))));
            }
        }
        return missing.stream();
    }

    @ParameterizedTest
    @MethodSource("oneOrTwoOfTheRights")
    void without_these_rights_an_append_happens_whole_or_not_at_all(Set<String> missing) {
        grantAllBut(missing);
        // LRANGE serves the look alone, publishing happens after the append.
        boolean possible = Set.of(PUBLISH, CHANNEL, "+lrange").containsAll(missing);

        try {
            AppendResult result = append("1:a", "3:c", "b", "c");
            assertThat(possible).as("%s", result).isTrue();
            assertThat(result).isInstanceOfSatisfying(Appended.class, appended -> {
                assertThat(appended.depth()).isEqualTo(3);
                assertThat(appended.warnings()).hasSize(missing.equals(Set.of("+lrange")) ? 0 : 1);
            });
        } catch (QueueUnavailableException e) {
            assertThat(possible).as("%s", e).isFalse();
            assertThat(e.kind()).isEqualTo(Cause.PERMISSION);
        }

        assertThat(everything()).isEqualTo(possible ? List.of("3:c", "c", "b", "a") : List.of("1:a", "a"));
    }

    @ParameterizedTest
    @MethodSource("oneOrTwoOfTheRights")
    void without_these_rights_a_first_append_happens_whole_or_not_at_all(Set<String> missing) {
        server.run("FLUSHALL");
        grantAllBut(missing);
        boolean possible = Set.of(PUBLISH, CHANNEL, "+lrange").containsAll(missing);

        try {
            assertThat(append(null, "2:b", "a", "b")).isInstanceOf(Appended.class);
        } catch (QueueUnavailableException e) {
            assertThat(e.kind()).isEqualTo(Cause.PERMISSION);
        }

        assertThat(everything()).isEqualTo(possible ? List.of("2:b", "b", "a") : List.of());
    }

    @Test
    void a_queue_that_may_be_read_but_not_pushed_to_takes_the_checkpoint_off_again() {
        // Only with selectors can EVAL be permitted on both keys and LPUSH on one: the undo at work.
        server.run(
                "ACL",
                "SETUSER",
                "relay",
                "reset",
                "on",
                ">secret",
                "(+eval +llen +ltrim ~" + NAME + " ~" + CHECKPOINTS + " ~" + MILESTONES + ")",
                "(+@all ~" + CHECKPOINTS + ")");

        assertPermissionIsMissing("3:c", "b", "c");

        assertThat(everything()).containsExactly("1:a", "a");
        assertThat(append("1:a", "2:skipped")).as("an empty append").isInstanceOf(Appended.class);
    }

    @Test
    void checkpoints_that_may_be_pushed_but_not_trimmed_are_not_pushed() {
        server.run(
                "ACL",
                "SETUSER",
                "relay",
                "reset",
                "on",
                ">secret",
                "(+eval +llen +lindex +linsert +lpush ~" + NAME + " ~" + CHECKPOINTS + " ~" + MILESTONES + ")",
                "(+ltrim ~" + NAME + ")");

        assertPermissionIsMissing("3:c", "b", "c");

        assertThat(everything()).containsExactly("1:a", "a");
    }

    @Test
    void without_the_right_to_look_the_checkpoints_are_no_empty_list() {
        grantAllBut(Set.of("+lrange"));

        QueueUnavailableException failure =
                catchThrowableOfType(QueueUnavailableException.class, () -> queue.newestCheckpoint(SOURCE));

        assertThat(failure).isNotNull();
        assertThat(failure.kind()).isEqualTo(Cause.PERMISSION);
    }

    @Test
    void a_lost_right_that_comes_back_is_used_at_once() {
        grantAllBut(Set.of("+lpush"));
        assertPermissionIsMissing("2:b", "b");

        grant(Set.copyOf(RIGHTS));

        assertThat(append("1:a", "2:b", "b")).isEqualTo(new Appended(2, List.of()));
        assertThat(append("1:a", "2:b", "b")).isEqualTo(new Stale("2:b"));
    }

    private static void assertPermissionIsMissing(String checkpoint, String... elements) {
        QueueUnavailableException failure =
                catchThrowableOfType(QueueUnavailableException.class, () -> append("1:a", checkpoint, elements));
        assertThat(failure).isNotNull();
        assertThat(failure.kind()).as("%s", failure).isEqualTo(Cause.PERMISSION);
    }

    private static AppendResult append(String expected, String checkpoint, String... elements) {
        return queue.append(SOURCE, MessageQueueContract.append(expected, checkpoint, elements));
    }

    /** The checkpoints, then the elements, both from the left. */
    private static List<String> everything() {
        try (var operator = server.connect()) {
            List<String> everything = new ArrayList<>(operator.texts("LRANGE", CHECKPOINTS, "0", "-1"));
            everything.addAll(operator.texts("LRANGE", NAME, "0", "-1"));
            return everything;
        }
    }

    private static void grantAllBut(Set<String> missing) {
        Set<String> granted = new TreeSet<>(RIGHTS);
        granted.removeAll(missing);
        grant(granted);
    }

    /** Takes effect at once on connections that are logged in already. */
    private static void grant(Set<String> rights) {
        List<String> words = new ArrayList<>(List.of(
                "ACL",
                "SETUSER",
                "relay",
                "on",
                "resetpass",
                ">secret",
                "resetkeys",
                "resetchannels",
                "-@all",
                "clearselectors",
                "+ping"));
        words.addAll(rights);
        server.run(words.toArray(String[]::new));
    }
}
