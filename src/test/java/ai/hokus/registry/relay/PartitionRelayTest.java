package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.DelegatingQueue;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.support.BrokenDataSource;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.SettableClock;
import ai.hokus.registry.support.TestDatabase;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.core.SimpleLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.util.unit.DataSize;

/** The relay of one partition, pass by pass, when the queue, the lock or the database say no. */
class PartitionRelayTest {

    private static final QueueUnavailableException AWAY =
            new QueueUnavailableException(Cause.UNREACHABLE, "nothing listens", null);
    private static final int CAPACITY = 5;
    private static final RelaySettings SETTINGS = new RelaySettings(
            true,
            Duration.ofMillis(10),
            500,
            DataSize.ofMegabytes(4),
            Duration.ofSeconds(5),
            Duration.ofSeconds(30),
            Duration.ofMillis(500),
            Duration.ofSeconds(5));

    private final SettableClock clock = new SettableClock();
    private final QueueBreaker breaker =
            new QueueBreaker(SETTINGS.initialBackoff(), SETTINGS.maxBackoff(), Duration.ofDays(1), clock);
    private final InMemoryMessageQueue memory = new InMemoryMessageQueue(CAPACITY, 10);
    private final BrokenQueue queue = new BrokenQueue(memory);
    private final RecordingLocks locks = new RecordingLocks(breaker);
    private final Logger logger = (Logger) LoggerFactory.getLogger("ai.hokus.registry.relay");
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

    private HikariDataSource pool;
    private BrokenDataSource dataSource;
    private TestOutbox outbox;
    private PartitionRelay relay;

    @BeforeEach
    void start() {
        pool = TestDatabase.H2.newMigrated(1);
        dataSource = new BrokenDataSource(pool);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        relay = relayTo(queue, SETTINGS);
        logged.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(logged);
    }

    private PartitionRelay relayTo(MessageQueue target, RelaySettings settings) {
        return new PartitionRelay(
                outbox.partition(0, "relay of the test"),
                target,
                new ProducerId(outbox.partitions().outboxId(), 0),
                breaker,
                locks,
                settings,
                clock,
                new RelayListeners(List.of()));
    }

    @AfterEach
    void stop() {
        logger.detachAppender(logged);
        logger.setLevel(null);
        pool.close();
    }

    @Test
    void a_message_alone_waits_for_no_others_and_none_waits_longer_than_the_bound() {
        assertThat(CommitLinger.batchingDelay(0)).isZero();
        assertThat(CommitLinger.batchingDelay(1)).isZero();
        assertThat(CommitLinger.batchingDelay(5)).isEqualTo(Duration.ofMillis(1));
        assertThat(CommitLinger.batchingDelay(500)).isEqualTo(Duration.ofMillis(25));
    }

    @Test
    void a_look_that_takes_longer_than_a_pass_may_does_not_use_up_its_time() {
        outbox.append("model");
        RelaySettings tight = new RelaySettings(
                true,
                SETTINGS.interval(),
                SETTINGS.batchMessages(),
                SETTINGS.batchBytes(),
                Duration.ofMillis(500),
                SETTINGS.lockAtMostFor(),
                SETTINGS.initialBackoff(),
                SETTINGS.maxBackoff());
        MessageQueue slow = new DelegatingQueue(memory) {
            @Override
            public Checkpoints newestCheckpoint(ProducerId producer) {
                LockSupport.parkNanos(tight.maxPassDuration().plusMillis(100).toNanos());
                return super.newestCheckpoint(producer);
            }
        };

        relayTo(slow, tight).passOrWait(true);

        assertThat(memory.elements()).hasSize(1);
    }

    @Test
    void an_instance_that_cannot_reach_the_queue_never_asks_for_the_lock() {
        outbox.append("model");
        memory.failWith(AWAY);

        for (int n = 0; n < 10; n++) {
            relay.passOrWait(true);
            clock.advance(Duration.ofSeconds(1));
        }

        assertThat(locks.asked).isZero();
        assertThat(relay.status().state()).isEqualTo(RelayState.WAITING);
        assertThat(relay.status().lastError()).isEqualTo("UNREACHABLE: nothing listens");
    }

    @Test
    void an_instance_whose_breaker_is_open_never_holds_the_lock() {
        outbox.append("model");
        queue.appendsFailWith = AWAY;

        for (int n = 0; n < 40; n++) {
            relay.passOrWait(true);
            assertThat(locks.held).isFalse();
            clock.advance(Duration.ofMillis(250));
        }

        assertThat(locks.asked)
                .as("passes that found the queue at their first look")
                .isBetween(3, 20);
        assertThat(locks.askedWhileOpen).isZero();
    }

    @Test
    void while_the_breaker_is_open_the_queue_is_left_alone_and_a_commit_wakes_nobody() {
        memory.failWith(AWAY);
        relay.passOrWait(true);
        relay.passOrWait(true);
        int looks = queue.looks;

        for (int n = 0; n < 10; n++) {
            relay.wake();
            assertThat(relay.passOrWait(true)).isFalse();
        }

        assertThat(queue.looks).isEqualTo(looks);
    }

    @Test
    void a_partition_that_may_not_try_while_the_breaker_is_open_does_not_say_that_all_is_well() {
        PartitionRelay untried = relayTo(queue, SETTINGS);
        untried.passOrWait(true);
        assertThat(untried.status().state()).isEqualTo(RelayState.IDLE);
        memory.failWith(AWAY);
        relay.passOrWait(true);
        relay.passOrWait(true);

        untried.passOrWait(false);

        assertThat(untried.status().state()).isEqualTo(RelayState.WAITING);
        assertThat(untried.status().lastError()).isEqualTo("UNREACHABLE: nothing listens");
        assertThat(untried.knowsQueue()).isFalse();
    }

    @Test
    void a_queue_that_is_back_is_not_blamed_for_what_else_fails() {
        outbox.append("model");
        for (RuntimeException failure :
                List.of(new DataAccessResourceFailureException("no right"), new IllegalStateException("no right"))) {
            locks.failWith = null;
            memory.failWith(AWAY);
            relay.passOrWait(true);
            relay.passOrWait(true);
            assertThat(breaker.state()).isEqualTo(BreakerState.OPEN);
            memory.failWith(null);
            locks.failWith = failure;
            clock.advance(breaker.untilNextTry());

            relay.passOrWait(true);

            assertThat(breaker.state())
                    .as("a trial without an outcome times out, and the relay says that it waits for the queue")
                    .isEqualTo(BreakerState.CLOSED);
            assertThat(relay.status().state()).isEqualTo(RelayState.FAILING);
            assertThat(relay.status().lastError()).contains("no right");
        }
    }

    @Test
    void what_a_pass_knew_about_the_queue_does_not_count_after_the_process_stood_still() {
        relay.passOrWait(true);
        assertThat(relay.knowsQueue()).isTrue();

        clock.advance(Duration.ofMinutes(5));

        assertThat(relay.knowsQueue()).isFalse();
    }

    @Test
    void each_kind_of_warning_of_every_append_is_logged_once() {
        List<String> warnings = List.of("notifications not published: no right", "checkpoints not trimmed: no right");
        MessageQueue warning = new DelegatingQueue(memory) {
            @Override
            public AppendResult append(ProducerId producer, Append append) {
                super.append(producer, append);
                memory.take();
                return new AppendResult.Appended(0, warnings);
            }
        };
        PartitionRelay warned = relayTo(warning, SETTINGS);

        for (int n = 0; n < 20; n++) {
            outbox.append("model");
            warned.passOrWait(true);
        }

        assertThat(logged.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly(
                        "Partition 0: appended, but: notifications not published: no right",
                        "Partition 0: appended, but: checkpoints not trimmed: no right");
    }

    @Test
    void an_instance_that_cannot_read_the_checkpoint_leaves_the_lock_to_others_and_says_so_once() {
        outbox.append("model");
        ProducerId producer = new ProducerId(outbox.partitions().outboxId(), 0);
        memory.append(producer, new Append(null, "v2:of a later release", false, List.of()));

        for (int n = 0; n < 5; n++) {
            relay.passOrWait(true);
            assertThat(relay.status().state()).isEqualTo(RelayState.NOT_RELAYING);
        }

        assertThat(locks.asked).isLessThanOrEqualTo(1);
        assertThat(logged.list).hasSize(1);
        assertThat(logged.list.get(0).getFormattedMessage())
                .contains("unknown checkpoint version: v2:of a later release");
    }

    @Test
    void without_the_lock_it_stands_by_and_takes_over_when_the_lock_is_free() {
        outbox.append("model");
        locks.taken = true;

        relay.passOrWait(true);
        assertThat(relay.status().state()).isEqualTo(RelayState.STANDING_BY);
        assertThat(memory.elements()).isEmpty();

        locks.taken = false;
        relay.passOrWait(true);
        assertThat(relay.status().state()).isEqualTo(RelayState.IDLE);
        assertThat(memory.elements()).hasSize(1);
        assertThat(locks.held).isFalse();
    }

    @Test
    void an_outage_is_logged_once_with_its_cause_and_what_happens_next_and_its_end_once() {
        outbox.append("model");
        memory.failWith(AWAY);
        for (int n = 0; n < 20; n++) {
            relay.passOrWait(true);
            clock.advance(Duration.ofSeconds(2));
        }
        memory.failWith(null);
        for (int n = 0; n < 20; n++) {
            clock.advance(Duration.ofSeconds(2));
            relay.passOrWait(true);
        }

        assertThat(logged.list).hasSize(2);
        assertThat(logged.list.get(0).getLevel()).isEqualTo(Level.WARN);
        assertThat(logged.list.get(0).getFormattedMessage())
                .contains("partition 0", "messages wait in the outbox", "Next try in", "UNREACHABLE: nothing listens");
        assertThat(logged.list.get(1).getLevel()).isEqualTo(Level.INFO);
        assertThat(relay.status().state()).isEqualTo(RelayState.IDLE);
        assertThat(memory.elements()).hasSize(1);
    }

    @Test
    void a_full_queue_is_a_state_of_its_own_and_not_the_breakers() {
        for (int n = 0; n < 3 * CAPACITY; n++) {
            outbox.append("model");
        }

        for (int n = 0; n < CAPACITY; n++) {
            relay.passOrWait(true);
            assertThat(relay.status().state()).isEqualTo(RelayState.QUEUE_FULL);
            assertThat(relay.status().queueDepth()).isEqualTo(CAPACITY);
            assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);
            memory.take();
        }
    }

    @Test
    void back_pressure_is_logged_once_and_its_end_once_however_slowly_consumers_make_room() {
        for (int n = 0; n < 3 * CAPACITY; n++) {
            outbox.append("model");
        }
        for (int n = 0; n < 2 * CAPACITY; n++) {
            relay.passOrWait(true);
            memory.take();
        }
        relay.passOrWait(true);

        assertThat(relay.status().state()).isEqualTo(RelayState.IDLE);
        assertThat(logged.list).hasSize(2);
        assertThat(logged.list.get(0).getLevel()).isEqualTo(Level.WARN);
        assertThat(logged.list.get(0).getFormattedMessage())
                .contains("until consumers make room")
                .doesNotContain("null");
        assertThat(logged.list.get(1).getLevel()).isEqualTo(Level.INFO);
    }

    @Test
    void the_thread_survives_whatever_is_thrown() throws Exception {
        outbox.append("model");
        queue.looksFailWith = new NoClassDefFoundError("nobody foresaw this");
        Thread thread = new Thread(relay, "relay-of-the-test");
        thread.start();
        Eventually.await("failed several times", () -> queue.looks > 3);
        assertThat(relay.status().state()).isEqualTo(RelayState.FAILING);
        assertThat(relay.status().lastError()).contains("nobody foresaw this");
        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);

        queue.looksFailWith = null;

        Eventually.await("delivered", () -> memory.elements().size() == 1);
        end(thread);
        assertThat(logged.list.stream().filter(e -> e.getLevel() == Level.ERROR))
                .as("once, however often it failed")
                .hasSize(1);
    }

    @Test
    void the_schedule_survives_a_database_that_fails() throws Exception {
        outbox.append("model");
        dataSource.setBroken(true);
        Thread thread = new Thread(relay, "relay-of-the-test");
        thread.start();
        Eventually.await("failed several times", () -> queue.looks > 3);
        assertThat(relay.status().state()).isEqualTo(RelayState.FAILING);
        assertThat(relay.status().lastError()).isEqualTo("database: java.sql.SQLException: the database is away");
        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);
        assertThat(memory.elements()).isEmpty();

        dataSource.setBroken(false);

        Eventually.await("delivered", () -> memory.elements().size() == 1);
        end(thread);
        assertThat(logged.list.stream().filter(e -> e.getLevel() == Level.WARN)).hasSize(1);
    }

    @Test
    void a_lock_that_cannot_be_given_back_does_not_undo_what_was_delivered() {
        outbox.append("model");
        locks.unlockFails = true;

        relay.passOrWait(true);

        assertThat(relay.status().state()).isEqualTo(RelayState.IDLE);
        assertThat(memory.elements()).hasSize(1);
    }

    private void end(Thread thread) throws InterruptedException {
        relay.stop();
        thread.join();
        assertThat(relay.status().state()).isEqualTo(RelayState.SHUT_DOWN);
    }

    /** Fails at looks or at appends, as it is told to. */
    private static final class BrokenQueue extends DelegatingQueue {

        private volatile int looks;
        private volatile Error looksFailWith;
        private volatile RuntimeException appendsFailWith;

        BrokenQueue(MessageQueue queue) {
            super(queue);
        }

        @Override
        public synchronized Checkpoints newestCheckpoint(ProducerId producer) {
            looks++;
            if (looksFailWith != null) {
                throw looksFailWith;
            }
            return super.newestCheckpoint(producer);
        }

        @Override
        public synchronized AppendResult append(ProducerId producer, Append append) {
            if (appendsFailWith != null) {
                throw appendsFailWith;
            }
            return super.append(producer, append);
        }
    }

    /** One lock, which says who asked for it. Confined to one thread. */
    private static final class RecordingLocks implements LockProvider {

        private final QueueBreaker breaker;
        private boolean taken;
        private boolean unlockFails;
        private RuntimeException failWith; // null: it does not fail
        private boolean held;
        private int asked;
        private int askedWhileOpen;

        RecordingLocks(QueueBreaker breaker) {
            this.breaker = breaker;
        }

        @Override
        public Optional<SimpleLock> lock(LockConfiguration configuration) {
            asked++;
            askedWhileOpen += breaker.state() == BreakerState.OPEN ? 1 : 0;
            assertThat(configuration.getName()).isEqualTo("relay-0");
            assertThat(held).isFalse();
            if (failWith != null) {
                throw failWith;
            }
            if (taken) {
                return Optional.empty();
            }
            held = true;
            return Optional.of(() -> {
                held = false;
                if (unlockFails) {
                    throw new IllegalStateException("the database went away");
                }
            });
        }
    }
}
