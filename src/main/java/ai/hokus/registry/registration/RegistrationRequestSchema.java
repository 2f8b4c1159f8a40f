package ai.hokus.registry.registration;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.Map;

/**
 * How a request's body looks, for the API's description only: {@link RequestReader} reads it, to name everything that is
 * wrong at once.
 */
@Schema(
        name = "RegistrationRequest",
        description = "A registration. Unknown fields are ignored; texts are trimmed; null counts as absent."
                + " A key must not come twice in one object.")
record RegistrationRequestSchema(
        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.LONGEST_IDENTITY, example = "churn-model")
        @JsonProperty("model_name")
        String modelName,

        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.LONGEST_IDENTITY, example = "3")
        @JsonProperty("version")
        String version,

        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.LONGEST_IDENTITY, example = "CHURN")
        @JsonProperty("token_id")
        String tokenId,

        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.LONGEST_TEXT, example = "CHURN-2026")
        @JsonProperty("proposal_identifier")
        String proposalIdentifier,

        @Schema(
                requiredMode = REQUIRED,
                description = "accuracy, auroc, auc, f1, precision, recall, reply_rate, conversion_rate (0 to 1), mse,"
                        + " rmse, mae, engagement_score (0 and up), r2 (up to 1); upper or lower case",
                example = "auroc")
        @JsonProperty("metric_name")
        String metricName,

        @Schema(
                requiredMode = REQUIRED,
                types = {"number", "string"},
                description =
                        "Within the metric's range. A finite number, or a string that holds one; true and false are"
                                + " refused",
                example = "0.81")
        @JsonProperty("baseline_value")
        Object baselineValue,

        @Schema(
                types = {"number", "string"},
                description =
                        "Within the metric's range, not below the baseline; default: the baseline. A finite number,"
                                + " or a string that holds one; true and false are refused",
                example = "0.86")
        @JsonProperty("current_value")
        Object currentValue,

        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.LONGEST_TEXT, example = "f3a9c1")
        @JsonProperty("mlflow_run_id")
        String mlflowRunId,

        @Schema(description = "Not trimmed", maxLength = RequestReader.LONGEST_TEXT, example = "models:/churn-model/3")
        @JsonProperty("model_uri")
        String modelUri,

        @Schema(maxLength = RequestReader.LONGEST_SPEC, example = "churn-eval@2") @JsonProperty("eval_spec")
        String evalSpec,

        @Schema(maxLength = RequestReader.LONGEST_SPEC, example = "scorers/auroc") @JsonProperty("scorer_ref")
        String scorerRef,

        @Schema(maxLength = RequestReader.LONGEST_SPEC, example = "auroc") @JsonProperty("primary_metric")
        String primaryMetric,

        @Schema(maxLength = RequestReader.LONGEST_SPEC, example = "churn-bench-7") @JsonProperty("benchmark_spec_id")
        String benchmarkSpecId,

        @Schema(
                types = "object",
                implementation = Object.class,
                description = "Any JSON object; delivered with its numbers as they were sent",
                example = "{\"input\":{\"age\":\"number\"},\"output\":\"number\"}")
        @JsonProperty("api_schema")
        Object apiSchema,

        @Schema(description = "Strings; user_id is always replaced by the caller's", example = "{\"team\":\"growth\"}")
        @JsonProperty("tags")
        Map<String, String> tags) {}
