package ai.hokus.registry.registration;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.NewMessage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/** Requests that the tests start from. */
final class Examples {

    static final Instant NOON = Instant.parse("2026-11-22T12:00:00.120456789Z");

    /** Only what is required. */
    static final String LEAST = """
            {"model_name":"churn","version":"3","token_id":"CHURN","proposal_identifier":"P-1","metric_name":"auroc",
             "baseline_value":0.8,"mlflow_run_id":"run-1"}""";

    private Examples() {}

    /** The least request with a field put in place of the one of this name, or added. */
    static String with(String name, String json) {
        String without = without(name);
        return without.substring(0, without.length() - 1) + ",\"" + name + "\":" + json + "}";
    }

    static String without(String name) {
        return LEAST.replaceFirst("\\s*\"" + name + "\":(\"[^\"]*\"|[0-9.]+),?", "")
                .replaceFirst(",}$", "}");
    }

    static ParseResult read(String json) {
        return RequestReader.read(json.getBytes(StandardCharsets.UTF_8));
    }

    static RegistrationRequest request(String json) {
        ParseResult reading = read(json);
        assertThat(reading).isInstanceOf(ParseResult.Valid.class);
        return ((ParseResult.Valid) reading).request();
    }

    /** A registration of this model and version, like the least one otherwise. */
    static RegistrationRequest request(String model, String version) {
        return request(LEAST.replace("\"churn\"", "\"" + model + "\"").replace("\"3\"", "\"" + version + "\""));
    }

    /** The same, ready to be stored. */
    static NewRegistration newRegistration(String model, String version) {
        return newRegistration(request(model, version));
    }

    static NewRegistration newRegistration(RegistrationRequest request) {
        RegistrationEvent event = RegistrationEvent.of(request, "ada", NOON.truncatedTo(ChronoUnit.MICROS));
        return new NewRegistration(
                event,
                Fingerprint.of(event),
                new NewMessage(UUID.randomUUID(), request.modelName(), RegistrationEvent.TYPE, event.payload()));
    }
}
