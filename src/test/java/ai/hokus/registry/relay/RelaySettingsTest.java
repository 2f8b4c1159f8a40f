package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.InstanceName;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.util.unit.DataSize;

class RelaySettingsTest {

    /** max-pass-duration 5 s, one transaction of 17 s, two calls of the queue of 4.5 s each. */
    private static final Duration MAX_PASS = Duration.ofSeconds(31);

    private static final Duration MAX_CALL = Duration.ofMillis(4500);

    @Test
    void a_lock_must_outlive_a_pass() {
        assertThatThrownBy(() -> withLock(MAX_PASS).checkLock(MAX_CALL))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("registry.relay.lock-at-most-for")
                .hasMessageContaining("can take 31s ");
        assertThatCode(() -> withLock(MAX_PASS.plusMillis(1)).checkLock(MAX_CALL))
                .doesNotThrowAnyException();
    }

    @Test
    void a_service_whose_lock_is_shorter_than_a_pass_does_not_start() {
        QueueSettings queue = new QueueSettings(
                "q", 10, 10, false, Duration.ofSeconds(2), Duration.ofSeconds(2), 2, DataSize.ofMegabytes(1));
        RelaySettings settings = withLock(MAX_PASS);
        try (HikariDataSource database = TestDatabase.H2.newMigrated(1)) {
            StaticListableBeanFactory beans =
                    new StaticListableBeanFactory(Map.of("queue", new InMemoryMessageQueue()));
            assertThatThrownBy(() -> new RelayConfiguration()
                            .relay(
                                    beans.getBeanProvider(MessageQueue.class),
                                    beans.getBeanProvider(RelayListener.class),
                                    TestOutbox.on(database, Duration.ofHours(1)).partitions(),
                                    new QueueBreaker(
                                            settings.initialBackoff(),
                                            settings.maxBackoff(),
                                            settings.lockAtMostFor(),
                                            Clock.systemUTC()),
                                    lock -> Optional.empty(),
                                    settings,
                                    queue,
                                    new InstanceName("relay of the test"),
                                    Clock.systemUTC()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("registry.relay.lock-at-most-for");
        }
    }

    @Test
    void the_document_on_scaling_reckons_with_the_default_batch() throws IOException {
        int batch = new Binder(List.of())
                .bindOrCreate("registry.relay", RelaySettings.class)
                .batchMessages();

        assertThat(Files.readString(Path.of("docs", "scaling.md")))
                .contains(
                        "up to %,d messages".formatted(batch),
                        "R = %,d / max(C, A)".formatted(batch),
                        "7 and 1 for %,d)".formatted(batch),
                        "batches of %,d a second".formatted(batch));
    }

    private static RelaySettings withLock(Duration lockAtMostFor) {
        return new RelaySettings(
                true,
                Duration.ofSeconds(1),
                500,
                DataSize.ofMegabytes(4),
                Duration.ofSeconds(5),
                lockAtMostFor,
                Duration.ofMillis(500),
                Duration.ofSeconds(5));
    }
}
