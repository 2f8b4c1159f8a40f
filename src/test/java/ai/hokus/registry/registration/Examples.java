package ai.hokus.registry.registration;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.web.FieldError;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponseException;

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

    static RegistrationRequest request(String json) {
        return RequestReader.read(json.getBytes(StandardCharsets.UTF_8));
    }

    /** What is wrong with it. */
    static List<FieldError> errors(String json) {
        return errors(json.getBytes(StandardCharsets.UTF_8));
    }

    @SuppressWarnings("unchecked") // a problem's properties are Objects; "errors" is always such a list
    static List<FieldError> errors(byte[] body) {
        try {
            RequestReader.read(body);
            return List.of();
        } catch (ErrorResponseException e) {
            assertThat(e.getStatusCode()).isEqualTo(HttpStatus.UNPROCESSABLE_CONTENT);
            return (List<FieldError>) e.getBody().getProperties().get("errors");
        }
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
