package ai.hokus.registry.registration;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.swagger.v3.oas.annotations.media.Schema;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a client registers, checked and normalised by {@link RequestReader}: trimmed, defaults filled in. Its annotations are for
 * the API's description only.
 *
 * @param modelUri as sent, untrimmed
 * @param apiSchema as sent, its numbers with every digit; never changed after reading
 * @param tags as sent, in the client's order
 */
@Schema(
        description = "A registration. Unknown fields are ignored; texts are trimmed; null counts as absent."
                + " A key must not occur twice in one object.")
record RegistrationRequest(
        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.MAX_IDENTITY_LENGTH, example = "churn-model")
        String modelName,

        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.MAX_IDENTITY_LENGTH, example = "3")
        String version,

        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.MAX_IDENTITY_LENGTH, example = "CHURN")
        String tokenId,

        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.MAX_TEXT_LENGTH, example = "CHURN-2026")
        String proposalIdentifier,

        @Schema(
                requiredMode = REQUIRED,
                description = "accuracy, auroc, auc, f1, precision, recall, reply_rate, conversion_rate (0 to 1), mse,"
                        + " rmse, mae, engagement_score (0 and up), r2 (up to 1); upper or lower case",
                example = "auroc")
        String metricName,

        @Schema(
                requiredMode = REQUIRED,
                types = {"number", "string"},
                description =
                        "Within the metric's range. A finite number, or a string that holds one; true and false are"
                                + " refused",
                example = "0.81")
        double baselineValue,

        @Schema(
                types = {"number", "string"},
                description =
                        "Within the metric's range, not below the baseline; default: the baseline. A finite number,"
                                + " or a string that holds one; true and false are refused",
                example = "0.86")
        double currentValue,

        @Schema(requiredMode = REQUIRED, maxLength = RequestReader.MAX_TEXT_LENGTH, example = "f3a9c1")
        String mlflowRunId,

        @Schema(
                description = "Not trimmed",
                maxLength = RequestReader.MAX_TEXT_LENGTH,
                example = "models:/churn-model/3")
        @Nullable
        String modelUri,

        @Schema(maxLength = RequestReader.MAX_SPEC_LENGTH, example = "churn-eval@2") @Nullable
        String evalSpec,

        @Schema(maxLength = RequestReader.MAX_SPEC_LENGTH, example = "scorers/auroc") @Nullable
        String scorerRef,

        @Schema(maxLength = RequestReader.MAX_SPEC_LENGTH, example = "auroc") @Nullable
        String primaryMetric,

        @Schema(maxLength = RequestReader.MAX_SPEC_LENGTH, example = "churn-bench-7") @Nullable
        String benchmarkSpecId,

        @Schema(
                types = "object",
                implementation = Object.class,
                description = "Any JSON object; delivered with its numbers as they were sent",
                example = "{\"input\":{\"age\":\"number\"},\"output\":\"number\"}")
        @Nullable
        ObjectNode apiSchema,

        @Schema(description = "Strings; user_id is always replaced by the caller's", example = "{\"team\":\"growth\"}")
        Map<String, String> tags) {

    /** The name, version and token by which a registration is known: {@code NAME/VERSION/TOKEN}. */
    String modelId() {
        return modelName + "/" + version + "/" + tokenId;
    }
}
