package ai.hokus.registry.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.mock.env.MockEnvironment;
import org.springframework.util.unit.DataSize;

class QueueSettingsTest {

    private static final ProducerId SOURCE = new ProducerId(UUID.fromString("00000000-0000-0000-0000-00000000000a"), 2);

    @Test
    void the_defaults_are_those_of_the_wire() {
        assertThat(bound("", "x"))
                .isEqualTo(new QueueSettings(
                        "hokusai:model_ready_queue",
                        100_000,
                        1_000,
                        false,
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(2),
                        2,
                        DataSize.ofMegabytes(512)));
    }

    @Test
    void the_longest_call_is_both_timeouts_and_a_little() {
        assertThat(bound("", "x").maxCallDuration()).isEqualTo(Duration.ofMillis(4_500));
    }

    @ParameterizedTest
    @CsvSource({
        "hokusai:q, {hokusai:q}:outbox:00000000-0000-0000-0000-00000000000a:2",
        "{hokusai}:q, {hokusai}:q:outbox:00000000-0000-0000-0000-00000000000a:2",
        "a{b}c, a{b}c:outbox:00000000-0000-0000-0000-00000000000a:2"
    })
    void checkpoints_lie_in_the_queues_hash_slot(String name, String key) {
        assertThat(bound("name", name).checkpointsKey(SOURCE)).isEqualTo(key);
    }

    /** A key that is forgotten looks like another copy's checkpoints to a later partition of that number. */
    @Test
    void the_runbook_deletes_every_key_of_a_partition_that_goes() {
        QueueSettings settings = bound("", "x");
        String command = "redis DEL '%s' '%s'"
                .formatted(settings.checkpointsKey(SOURCE), settings.milestonesKey(SOURCE))
                .replace(SOURCE.outbox() + ":2", "OUTBOX_ID:3");

        assertThat(Path.of("docs", "runbook.md")).content().contains("\n" + command + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}q", "q{", "q}", "}q{", "{a}{b}", "{{a}}", "{a}}"})
    void braces_that_are_no_single_hash_tag_stop_start_up(String name) {
        assertRefused("name", name);
    }

    @ParameterizedTest
    @CsvSource({
        "capacity, 0",
        "checkpoints, 0",
        "checkpoints, 10001",
        "connect-timeout, 0s",
        "connect-timeout, 31s",
        "command-timeout, -1s",
        "command-timeout, 31s",
        "connections, 0",
        "connections, 17",
        "max-element-size, 0B"
    })
    void a_number_out_of_range_stops_start_up(String property, String value) {
        assertRefused(property, value);
    }

    private static void assertRefused(String property, String value) {
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(() -> bound(property, value))
                .havingRootCause()
                .isInstanceOf(IllegalArgumentException.class)
                .withMessageStartingWith("registry.queue." + property + " ")
                .withMessageContaining("for example ");
    }

    private static QueueSettings bound(String property, String value) {
        MockEnvironment environment = new MockEnvironment();
        if (!property.isEmpty()) {
            environment.setProperty("registry.queue." + property, value);
        }
        return Binder.get(environment).bindOrCreate("registry.queue", QueueSettings.class);
    }
}
