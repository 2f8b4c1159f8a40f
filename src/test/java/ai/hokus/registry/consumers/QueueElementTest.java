package ai.hokus.registry.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.consumers.QueueElement.DeadLetter;
import ai.hokus.registry.queue.ConsumerList;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Elements are written by others: what can be read is read, and nothing else is changed or breaks anything. */
class QueueElementTest {

    private static final String ELEMENT =
            "{\"message_id\": \"m-1\", \"payload\": {\"model_id\": \"churn/1/T\", \"retry_count\": 7, \"x\": 1.50},"
                    + " \"retry_count\": 3, \"max_retries\": 3, \"note\": \"caf\\u00e9\"}";

    @Test
    void an_element_of_the_queue_says_its_message_and_model() {
        assertThat(QueueElement.of(ELEMENT, ConsumerList.PROCESSING))
                .isEqualTo(new QueueElement("m-1", "churn/1/T", 3, null));
    }

    @Test
    void a_dead_letter_is_the_element_itself_or_has_it_inside() {
        assertThat(QueueElement.of(ELEMENT, ConsumerList.DLQ))
                .isEqualTo(new QueueElement("m-1", "churn/1/T", 3, new DeadLetter(null, null)));
        assertThat(QueueElement.of(wrapped(ELEMENT), ConsumerList.DLQ))
                .isEqualTo(new QueueElement(
                        "m-1", "churn/1/T", 3, new DeadLetter("boom", Instant.parse("2026-11-25T10:00:00.5Z"))));
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-25T10:00:00.123456, 2026-11-25T10:00:00.123456Z",
        "2026-11-25T10:00:00+01:00, 2026-11-25T09:00:00Z",
        "1764072000.12,",
        "yesterday,",
        "25/11/2026 12:00,",
        "2026-11-25,",
    })
    void a_time_without_a_zone_is_in_utc_and_what_is_no_time_is_left_out(String failedAt, @Nullable Instant read) {
        String text = "{\"message_id\":\"m\",\"failed_at\":\"" + failedAt + "\"}";

        assertThat(QueueElement.of(text, ConsumerList.DLQ).deadLetter().failedAt())
                .isEqualTo(read);
    }

    @Test
    void what_goes_back_from_the_dead_letters_is_the_message_with_no_retries_and_otherwise_the_same_bytes() {
        String fresh = ELEMENT.replace("\"retry_count\": 3", "\"retry_count\": 0");

        assertThat(QueueElement.forConsumers(ELEMENT, ConsumerList.DLQ)).isEqualTo(fresh);
        assertThat(QueueElement.forConsumers(wrapped(ELEMENT), ConsumerList.DLQ))
                .isEqualTo(fresh);
        assertThat(QueueElement.forConsumers("{\"message_id\":\"m\"}", ConsumerList.DLQ))
                .isEqualTo("{\"message_id\":\"m\"}");
    }

    @Test
    void what_goes_back_from_consumers_hands_is_not_changed() {
        assertThat(QueueElement.forConsumers(ELEMENT, ConsumerList.PROCESSING)).isEqualTo(ELEMENT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "not JSON",
                "[]",
                "7",
                "null",
                "{}",
                "{\"message_id\":7}",
                "{\"message_id\":\" \"}",
                "{\"message_id\":null}",
                "{\"message_id\":\"m\"",
                "{\"original_message\":\"not JSON\",\"error\":\"boom\"}",
                "{\"original_message\":{\"message_id\":\"m\"}}",
                "\u0000"
            })
    void what_is_no_message_is_unreadable(String text) {
        for (ConsumerList list : ConsumerList.values()) {
            assertThat(QueueElement.of(text, list).readable()).isFalse();
            assertThat(QueueElement.forConsumers(text, list)).isNotNull();
        }
    }

    @Test
    void however_deep_or_long_an_element_is_nothing_breaks() {
        String deep = "[".repeat(100_000);
        String longId = "{\"message_id\":\"" + "m".repeat(300) + "\"}";
        String longError = "{\"message_id\":\"m\",\"error\":\"" + "e".repeat(5_000) + "\"}";

        assertThat(QueueElement.of(deep, ConsumerList.DLQ).readable()).isFalse();
        assertThat(QueueElement.forConsumers(deep, ConsumerList.DLQ)).isEqualTo(deep);
        assertThat(QueueElement.of(longId, ConsumerList.DLQ).readable()).isFalse();
        assertThat(QueueElement.of(longError, ConsumerList.DLQ).deadLetter().error())
                .hasSizeLessThan(600);
    }

    private static String wrapped(String element) {
        return "{\"original_message\":\"" + element.replace("\\", "\\\\").replace("\"", "\\\"")
                + "\",\"error\":\"boom\",\"failed_at\":\"2026-11-25T10:00:00.5\",\"original_queue\":\"q\"}";
    }
}
