package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.OutboxMessage;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class EnvelopeTest {

    private static final UUID ID = UUID.fromString("0c8e8b0e-0b0a-4d57-9d3c-4a0f4a3a4b10");

    @Test
    void an_element_has_exactly_the_six_keys_that_consumers_build_an_object_from() {
        assertThat(element("2026-11-22T22:30:00.123456+01:00", "{\"model_id\":\"a/1/T\",\"tags\":{\"ä\":\"€\"}}"))
                .isEqualTo("""
                        {"message_id":"0c8e8b0e-0b0a-4d57-9d3c-4a0f4a3a4b10",\
                        "message_type":"model_ready_to_deploy",\
                        "payload":{"model_id":"a/1/T","tags":{"ä":"€"}},\
                        "timestamp":"2026-11-22T21:30:00.123456",\
                        "retry_count":0,"max_retries":3}""");
    }

    /** Python 3.7's fromisoformat takes three digits of a fraction, or six, and nothing else. */
    @Test
    void a_timestamp_always_has_six_digits_and_no_zone() {
        assertThat(element("2026-11-22T21:30:00Z", "{}")).contains("\"timestamp\":\"2026-11-22T21:30:00.000000\"");
        assertThat(element("2026-11-22T21:30:00.1Z", "{}")).contains("\"timestamp\":\"2026-11-22T21:30:00.100000\"");
        assertThat(element("2026-11-22T21:30:00.123456789Z", "{}"))
                .contains("\"timestamp\":\"2026-11-22T21:30:00.123456\"");
        assertThat(element("2026-01-01T01:29:59.9999999+02:00", "{}"))
                .contains("\"timestamp\":\"2025-12-31T23:29:59.999999\"");
    }

    @Test
    void a_type_is_escaped() {
        OutboxMessage message = new OutboxMessage(
                1, ID, "a", "a \"type\"\n", "{}", OffsetDateTime.parse("2026-11-22T21:30:00Z"), false);
        assertThat(Envelope.of(message).element()).contains("\"message_type\":\"a \\\"type\\\"\\n\",");
    }

    @Test
    void a_notification_is_the_payload() {
        assertThat(Envelope.of(message("2026-11-22T21:30:00Z", "{\"a\":1}")).notification())
                .isEqualTo("{\"a\":1}");
    }

    private static String element(String createdAt, String payload) {
        return Envelope.of(message(createdAt, payload)).element();
    }

    private static OutboxMessage message(String createdAt, String payload) {
        return new OutboxMessage(1, ID, "a", "model_ready_to_deploy", payload, OffsetDateTime.parse(createdAt), false);
    }
}
