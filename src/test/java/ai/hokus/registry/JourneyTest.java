package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A registration's whole way: posted over HTTP as the SDK does, popped from the list as the consumers do. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class JourneyTest {

    private static final JsonMapper JSON = new JsonMapper();

    @Parameter
    TestDatabase database;

    private final String queue = TestRedis.freshName("journey");

    @Test
    void a_registration_posted_over_http_is_popped_from_the_list() {
        try (RunningService service = service();
                RedisConnection consumer = TestRedis.shared().connect()) {
            String answer =
                    service.post("/models/tokenized-registration-events", """
                            {"model_name": " churn ", "version": "7", "token_id": "CHURN", "proposal_identifier": "P-1",
                             "metric_name": "auroc", "baseline_value": 0.8, "current_value": 0.9,
                             "mlflow_run_id": "run-1", "model_uri": "s3://models/ä",
                             "api_schema": {"inputs": [1.10, "€"]}, "tags": {"team": "α"}, "unknown": 1}""").body();
            assertThat(answer)
                    .isEqualTo("{\"status\":\"ok\",\"model_id\":\"churn/7/CHURN\",\"model_name\":\"churn\","
                            + "\"version\":\"7\",\"event_emitted\":true,\"detail\":null}");

            String element = pop(consumer);

            JsonNode message = JSON.readTree(element);
            assertThat(message.propertyNames())
                    .containsExactly(
                            "message_id", "message_type", "payload", "timestamp", "retry_count", "max_retries");
            assertThat(message.get("message_type").stringValue()).isEqualTo("model_ready_to_deploy");
            assertThat(message.get("timestamp").stringValue())
                    .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}");
            assertThat(message.get("retry_count").intValue()).isZero();
            assertThat(message.get("max_retries").intValue()).isEqualTo(3);
            JsonNode payload = message.get("payload");
            assertThat(payload.propertyNames())
                    .containsExactlyInAnyOrder(
                            "model_id",
                            "token_symbol",
                            "metric_name",
                            "baseline_value",
                            "current_value",
                            "model_name",
                            "model_version",
                            "mlflow_run_id",
                            "status",
                            "proposal_identifier",
                            "improvement_percentage",
                            "contributor_address",
                            "experiment_name",
                            "tags",
                            "api_schema",
                            "eval_spec",
                            "scorer_ref",
                            "primary_metric",
                            "benchmark_spec_id",
                            "timestamp",
                            "message_version");
            assertThat(element).contains("\"api_schema\":{\"inputs\":[1.10,\"€\"]}");
            assertThat(payload.get("tags").get("team").stringValue()).isEqualTo("α");
            assertThat(payload.get("improvement_percentage").doubleValue()).isEqualTo((0.9 - 0.8) / 0.8 * 100);
            assertThat(service.get("/models/churn/7").body())
                    .contains(message.get("message_id").stringValue());
        }
    }

    @Test
    void registrations_are_popped_in_the_order_in_which_they_were_accepted_and_once() {
        try (RunningService service = service();
                RedisConnection consumer = TestRedis.shared().connect()) {
            for (int version = 0; version < 50; version++) {
                service.register("churn", Integer.toString(version));
                service.register("churn", Integer.toString(version)); // the same again: no second event
            }

            List<String> popped = new ArrayList<>();
            for (int n = 0; n < 50; n++) {
                popped.add(JSON.readTree(pop(consumer))
                        .at("/payload/model_version")
                        .stringValue());
            }

            assertThat(popped)
                    .containsExactlyElementsOf(java.util.stream.IntStream.range(0, 50)
                            .mapToObj(Integer::toString)
                            .toList());
            assertThat(consumer.command("LLEN", queue)).isEqualTo(0L);
        }
    }

    private RunningService service() {
        return RunningService.on(
                database, Map.of("REDIS_URL", TestRedis.shared().url(), "registry.queue.name", queue));
    }

    /** Blocks until there is one, moves it aside, and removes it when it is done with it. */
    private String pop(RedisConnection consumer) {
        String element = (String) consumer.command("BRPOPLPUSH", queue, queue + ":processing", "30");
        assertThat(element).isNotNull();
        consumer.command("LREM", queue + ":processing", "1", element);
        return element;
    }
}
