package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class JsonLogIT {

    @TempDir
    Path directory;

    @Test
    void the_log_is_json_with_its_fields_when_a_property_says_so() {
        Map<String, String> environment = Map.of("LOGGING_STRUCTURED_FORMAT_CONSOLE", "logstash");
        try (ServiceProcess service = ServiceProcess.start(directory, environment)) {
            String body = """
                    {"model_name":"churn","version":"1","token_id":"T","proposal_identifier":"P","metric_name":"f1",
                     "baseline_value":0.5,"mlflow_run_id":"r"}""";
            assertThat(service.post("/models/tokenized-registration-events", body)
                            .statusCode())
                    .isEqualTo(200);

            JsonNode line = service.log()
                    .lines()
                    .filter(text -> text.contains("waits in the outbox: Redis takes nothing"))
                    .map(text -> new JsonMapper().readTree(text))
                    .findFirst()
                    .orElseThrow();
            assertThat(line.get("model").stringValue()).isEqualTo("churn");
            assertThat(line.get("partition").asString()).isEqualTo("0");
            assertThat(line.get("message_id").asString()).hasSize(36);
            assertThat(line.get("request_id").stringValue()).hasSize(36);
        }
    }
}
