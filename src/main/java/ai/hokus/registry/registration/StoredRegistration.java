package ai.hokus.registry.registration;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonRawValue;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A registration as it is read back.
 *
 * @param id its place among the pages
 * @param proposalIdentifier as it was delivered
 * @param tags JSON, as delivered
 * @param apiSchema JSON, as sent
 */
@Schema(name = "Registration", description = "A stored registration")
record StoredRegistration(
        @JsonIgnore long id,

        @Schema(example = "churn-model/3/CHURN") @JsonProperty("model_id")
        String modelId,

        @Schema(example = "churn-model") @JsonProperty("model_name")
        String modelName,

        @Schema(example = "3") @JsonProperty("version") String version,

        @Schema(example = "CHURN") @JsonProperty("token_id") String tokenId,

        @Schema(description = "As it was delivered: what the tags say", example = "CHURN-2026")
        @JsonProperty("proposal_identifier")
        String proposalIdentifier,

        @Schema(example = "auroc") @JsonProperty("metric_name")
        String metricName,

        @Schema(example = "0.81") @JsonProperty("baseline_value")
        double baselineValue,

        @Schema(example = "0.86") @JsonProperty("current_value")
        double currentValue,

        @Schema(nullable = true) @JsonProperty("model_uri") @Nullable
        String modelUri,

        @Schema(example = "f3a9c1") @JsonProperty("mlflow_run_id")
        String mlflowRunId,

        @Schema(nullable = true) @JsonProperty("eval_spec") @Nullable
        String evalSpec,

        @Schema(nullable = true) @JsonProperty("scorer_ref") @Nullable
        String scorerRef,

        @Schema(nullable = true) @JsonProperty("primary_metric") @Nullable
        String primaryMetric,

        @Schema(nullable = true) @JsonProperty("benchmark_spec_id") @Nullable
        String benchmarkSpecId,

        @Schema(
                types = "object",
                implementation = Object.class,
                description = "As delivered, with what this service added",
                example = "{\"user_id\":\"anonymous\",\"proposal_identifier\":\"CHURN-2026\"}")
        @JsonProperty("tags")
        @JsonRawValue
        String tags,

        @Schema(
                types = {"object", "null"},
                implementation = Object.class,
                description = "As sent")
        @JsonProperty("api_schema")
        @JsonRawValue
        @Nullable
        String apiSchema,

        @Schema(description = "The message_id of its event in the queue") @JsonProperty("message_id")
        UUID messageId,

        @Schema(example = "2026-11-22T21:30:00.123456Z") @JsonProperty("registered_at")
        Instant registeredAt) {}
