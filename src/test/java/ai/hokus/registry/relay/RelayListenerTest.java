package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Which events the relay's listeners get. */
@ExtendWith(OutputCaptureExtension.class)
class RelayListenerTest {

    private final List<String> told = new ArrayList<>();
    private HikariDataSource dataSource;
    private TestOutbox outbox;
    private InMemoryMessageQueue queue = new InMemoryMessageQueue();

    @BeforeEach
    void freshOutbox() {
        dataSource = TestDatabase.H2.newMigrated(1);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
    }

    @AfterEach
    void close() {
        dataSource.close();
    }

    @Test
    void an_append_is_told_with_its_messages_and_then_the_end_of_the_pass() {
        outbox.append("a");
        outbox.append("b");

        pass(queue, new Noting());

        assertThat(told).containsExactly("0 appended 2", "0 pass ended");
    }

    @Test
    void a_look_that_finds_nothing_to_do_is_no_pass() {
        PartitionRelay relay = relay(queue, new Noting());
        relay.passOrWait(false); // learns where the outbox stands
        told.clear();

        relay.passOrWait(false);

        assertThat(told).isEmpty();
    }

    @Test
    void a_queue_that_is_away_is_told_in_its_own_words() {
        queue.failWith(new QueueUnavailableException(QueueUnavailableException.Cause.OUT_OF_MEMORY, "told to", null));

        pass(queue, new Noting());

        assertThat(told).containsExactly("0 failed out_of_memory");
    }

    @Test
    void a_database_that_is_away_is_told_and_so_is_an_unexpected_failure() {
        dataSource.close();
        pass(queue, new Noting());
        queue = new InMemoryMessageQueue() {
            @Override
            public Checkpoints newestCheckpoint(ProducerId producer) {
                throw new IllegalStateException("a mistake");
            }
        };
        pass(queue, new Noting());

        assertThat(told).containsExactly("0 pass ended", "0 failed database", "0 failed other");
    }

    @Test
    void what_the_queue_forgot_is_told_and_sent_again() {
        outbox.append("a");
        outbox.append("b");
        pass(queue, new Noting());
        told.clear();

        pass(new InMemoryMessageQueue(), new Noting());

        assertThat(told).containsExactly("0 rewound from 2 to 0", "0 appended 2", "0 pass ended");
    }

    @Test
    void a_parked_message_is_told() {
        UUID bad = outbox.append("a");
        queue.refuse(entry -> entry.element().contains(bad.toString()));

        pass(queue, new Noting());

        assertThat(told).containsExactly("0 parked", "0 pass ended");
    }

    @Test
    void a_listener_that_fails_disturbs_neither_delivery_nor_the_next_and_is_logged_once(CapturedOutput output) {
        outbox.append("a");
        RelayListener failing = new RelayListener() {
            @Override
            public void appended(int partition, List<OffsetDateTime> createdAt, Duration took) {
                throw new IllegalStateException("a mistake in a listener");
            }

            @Override
            public void passEnded(int partition, Duration took) {
                throw new IllegalStateException("another");
            }
        };

        pass(queue, failing, new Noting());

        assertThat(queue.elements()).hasSize(1);
        assertThat(told).containsExactly("0 appended 1", "0 pass ended");
        assertThat(output).containsOnlyOnce("A listener of the relay failed");
    }

    private void pass(MessageQueue on, RelayListener... listeners) {
        relay(on, listeners).passOrWait(true);
    }

    private PartitionRelay relay(MessageQueue on, RelayListener... listeners) {
        RelaySettings settings = new Binder(List.of()).bindOrCreate("registry.relay", RelaySettings.class);
        Clock clock = Clock.systemUTC();
        return new PartitionRelay(
                outbox.partition(0, "relay of the test"),
                on,
                new ProducerId(outbox.partitions().outboxId(), 0),
                new QueueBreaker(settings.initialBackoff(), settings.maxBackoff(), settings.lockAtMostFor(), clock),
                lock -> Optional.of(() -> {}),
                settings,
                clock,
                new RelayListeners(List.of(listeners)));
    }

    private final class Noting implements RelayListener {

        @Override
        public void appended(int partition, List<OffsetDateTime> createdAt, Duration took) {
            assertThat(createdAt).doesNotContainNull();
            assertThat(took).isPositive();
            told.add(partition + " appended " + createdAt.size());
        }

        @Override
        public void passEnded(int partition, Duration took) {
            assertThat(took).isPositive();
            told.add(partition + " pass ended");
        }

        @Override
        public void failed(int partition, String cause) {
            told.add(partition + " failed " + cause);
        }

        @Override
        public void rewound(int partition, long from, long to) {
            told.add(partition + " rewound from " + from + " to " + to);
        }

        @Override
        public void parked(int partition) {
            told.add(partition + " parked");
        }
    }
}
