package ai.hokus.registry.operations;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;

/**
 * How the bodies of operations look, for the API's description only: {@link OperatorRequestParser} reads them, to name
 * everything that is wrong at once. A field that is not here is refused.
 */
final class OperatorRequestSchema {

    private static final String REASON = "Why it is done; kept with the operation";
    private static final String DRY_RUN = "true: say what would be done, and do nothing";

    private OperatorRequestSchema() {}

    @Schema(name = "OperatorRequest", description = "Why an operation is wanted, and whether it is to be tried only")
    record Reasoned(
            @Schema(requiredMode = REQUIRED, maxLength = OperatorRequest.MAX_REASON, description = REASON)
            @JsonProperty("reason")
            String reason,

            @Schema(description = DRY_RUN, example = "true") @JsonProperty("dry_run")
            boolean dryRun) {}

    @Schema(name = "ChangeRequest", description = "Why delivery is paused, resumed or released")
    record Change(
            @Schema(requiredMode = REQUIRED, maxLength = OperatorRequest.MAX_REASON, description = REASON)
            @JsonProperty("reason")
            String reason,

            @Schema(description = DRY_RUN, example = "true") @JsonProperty("dry_run")
            boolean dryRun,

            @Schema(description = "Release only. true: pause it as well, so that nothing is sent before it is resumed")
            @JsonProperty("paused")
            boolean paused) {}

    @Schema(name = "AdoptRequest", description = "Where the outbox delivers to from now on; at least one of the two")
    record Adopt(
            @Schema(requiredMode = REQUIRED, maxLength = OperatorRequest.MAX_REASON, description = REASON)
            @JsonProperty("reason")
            String reason,

            @Schema(description = DRY_RUN, example = "true") @JsonProperty("dry_run")
            boolean dryRun,

            @Schema(
                    maxLength = OperatorRequestParser.MAX_TEXT,
                    description = "As registry.queue.name of the instances that are to relay",
                    example = "hokusai:model_ready_queue")
            @JsonProperty("queue_name")
            String queueName,

            @Schema(
                    maxLength = OperatorRequestParser.MAX_TEXT,
                    description = "As registry.outbox.environment of the instances that are to relay",
                    example = "production")
            @JsonProperty("environment")
            String environment) {}

    @Schema(name = "ResendRequest", description = "Which delivered messages to send again; all that is given must fit")
    record Resend(
            @Schema(requiredMode = REQUIRED, maxLength = OperatorRequest.MAX_REASON, description = REASON)
            @JsonProperty("reason")
            String reason,

            @Schema(description = DRY_RUN, example = "true") @JsonProperty("dry_run")
            boolean dryRun,

            @Schema(maxLength = OperatorRequestParser.MAX_TEXT, example = "churn-model") @JsonProperty("model")
            String model,

            @Schema(minimum = "0", description = "Required with positions") @JsonProperty("partition")
            Integer partition,

            @Schema(minimum = "0", description = "The first") @JsonProperty("from_position")
            Long fromPosition,

            @Schema(minimum = "0", description = "The last") @JsonProperty("to_position")
            Long toPosition,

            @Schema(
                    format = "date-time",
                    description = "Delivered at this time or later",
                    example = "2026-11-23T12:00:00Z")
            @JsonProperty("delivered_from")
            String deliveredFrom,

            @Schema(format = "date-time", description = "Delivered before this time") @JsonProperty("delivered_before")
            String deliveredBefore) {}

    @Schema(name = "PurgeRequest", description = "Which delivered messages to delete")
    record Purge(
            @Schema(requiredMode = REQUIRED, maxLength = OperatorRequest.MAX_REASON, description = REASON)
            @JsonProperty("reason")
            String reason,

            @Schema(description = DRY_RUN, example = "true") @JsonProperty("dry_run")
            boolean dryRun,

            @Schema(
                    requiredMode = REQUIRED,
                    format = "duration",
                    description = "How long ago it was delivered at least; PT0S to P3650D",
                    example = "PT12H")
            @JsonProperty("older_than")
            String olderThan) {}

    @Schema(name = "PutBackRequest", description = "What to put back; message_id or all")
    record PutBack(
            @Schema(requiredMode = REQUIRED, maxLength = OperatorRequest.MAX_REASON, description = REASON)
            @JsonProperty("reason")
            String reason,

            @Schema(description = DRY_RUN, example = "true") @JsonProperty("dry_run")
            boolean dryRun,

            @Schema(
                    requiredMode = REQUIRED,
                    allowableValues = {"processing", "dlq"})
            @JsonProperty("list")
            String list,

            @Schema(maxLength = OperatorRequestParser.MAX_TEXT, description = "The elements of this message")
            @JsonProperty("message_id")
            String messageId,

            @Schema(description = "true: all elements that can be read") @JsonProperty("all")
            boolean all,

            @Schema(
                    format = "duration",
                    description = "processing only: for how long it must have been seen there; by default"
                            + " registry.consumers.stuck-after",
                    example = "PT15M")
            @JsonProperty("older_than")
            String olderThan) {}
}
