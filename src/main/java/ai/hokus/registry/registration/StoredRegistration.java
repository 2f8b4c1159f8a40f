package ai.hokus.registry.registration;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonRawValue;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A registration as it is read back, its tags and its schema as JSON. Its id is there only to say where a page ends. */
@Schema(name = "Registration", description = "A stored registration")
record StoredRegistration(
        @JsonIgnore long id,
        @Schema(example = "churn-model/3/CHURN") String modelId,
        @Schema(example = "churn-model") String modelName,
        @Schema(example = "3") String version,
        @Schema(example = "CHURN") String tokenId,

        @Schema(description = "As delivered: from the tags, else the token_id", example = "CHURN-2026")
        String proposalIdentifier,

        @Schema(example = "auroc") String metricName,
        @Schema(example = "0.81") double baselineValue,
        @Schema(example = "0.86") double currentValue,
        @Schema(nullable = true) @Nullable String modelUri,
        @Schema(example = "f3a9c1") String mlflowRunId,
        @Schema(nullable = true) @Nullable String evalSpec,
        @Schema(nullable = true) @Nullable String scorerRef,
        @Schema(nullable = true) @Nullable String primaryMetric,
        @Schema(nullable = true) @Nullable String benchmarkSpecId,

        @Schema(
                types = "object",
                implementation = Object.class,
                description = "As delivered, with what this service added",
                example = "{\"user_id\":\"anonymous\",\"proposal_identifier\":\"CHURN-2026\"}")
        @JsonRawValue
        String tags,

        @Schema(
                types = {"object", "null"},
                implementation = Object.class,
                description = "As sent")
        @JsonRawValue
        @Nullable
        String apiSchema,

        @Schema(description = "The message_id of its event in the queue")
        UUID messageId,

        @Schema(example = "2026-11-22T21:30:00.123456Z") Instant registeredAt) {}
