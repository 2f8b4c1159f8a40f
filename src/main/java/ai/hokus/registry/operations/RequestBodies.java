package ai.hokus.registry.operations;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;

/**
 * How the bodies of operations look, for the API's description. {@link OperatorRequestParser} reads them field by field, to name
 * everything that is wrong at once, and refuses a field that is not here. Nobody implements these.
 */
final class RequestBodies {

    private RequestBodies() {}

    @Schema(name = "OperatorRequest", description = "Why an operation is wanted, and whether it is to be tried only")
    interface Reasoned {
        @Schema(
                requiredMode = REQUIRED,
                maxLength = OperatorRequest.MAX_REASON,
                description = "Why it is done; kept with the operation")
        @JsonProperty("reason")
        String reason();

        @Schema(description = "true: say what would be done, and do nothing", example = "true")
        @JsonProperty("dry_run")
        boolean dryRun();
    }

    @Schema(name = "ChangeRequest", description = "Why delivery is paused, resumed or released")
    interface Change extends Reasoned {
        @Schema(description = "Release only. true: pause it as well, so that nothing is sent before it is resumed")
        @JsonProperty("paused")
        boolean paused();
    }

    @Schema(name = "AdoptRequest", description = "Where the outbox delivers to from now on; at least one of the two")
    interface Adopt extends Reasoned {
        @Schema(
                maxLength = OperatorRequestParser.MAX_TEXT,
                description = "As registry.queue.name of the instances that are to relay",
                example = "hokusai:model_ready_queue")
        @JsonProperty("queue_name")
        String queueName();

        @Schema(
                maxLength = OperatorRequestParser.MAX_TEXT,
                description = "As registry.outbox.environment of the instances that are to relay",
                example = "production")
        @JsonProperty("environment")
        String environment();
    }

    @Schema(name = "ResendRequest", description = "Which delivered messages to send again; all that is given must fit")
    interface Resend extends Reasoned {
        @Schema(maxLength = OperatorRequestParser.MAX_TEXT, example = "churn-model")
        @JsonProperty("model")
        String model();

        @Schema(minimum = "0", description = "Required with positions")
        @JsonProperty("partition")
        Integer partition();

        @Schema(minimum = "0", description = "The first")
        @JsonProperty("from_position")
        Long fromPosition();

        @Schema(minimum = "0", description = "The last")
        @JsonProperty("to_position")
        Long toPosition();

        @Schema(format = "date-time", description = "Delivered at this time or later", example = "2026-11-23T12:00:00Z")
        @JsonProperty("delivered_from")
        String deliveredFrom();

        @Schema(format = "date-time", description = "Delivered before this time")
        @JsonProperty("delivered_before")
        String deliveredBefore();
    }

    @Schema(name = "PurgeRequest", description = "Which delivered messages to delete")
    interface Purge extends Reasoned {
        @Schema(
                requiredMode = REQUIRED,
                format = "duration",
                description = "How long ago it was delivered at least; PT0S to P3650D",
                example = "PT12H")
        @JsonProperty("older_than")
        String olderThan();
    }

    @Schema(name = "PutBackRequest", description = "What to put back; message_id or all")
    interface PutBack extends Reasoned {
        @Schema(
                requiredMode = REQUIRED,
                allowableValues = {"processing", "dlq"})
        @JsonProperty("list")
        String list();

        @Schema(maxLength = OperatorRequestParser.MAX_TEXT, description = "The elements of this message")
        @JsonProperty("message_id")
        String messageId();

        @Schema(description = "true: all elements that can be read")
        @JsonProperty("all")
        boolean all();

        @Schema(
                format = "duration",
                description = "processing only: for how long it must have been seen there; by default"
                        + " registry.consumers.stuck-after",
                example = "PT15M")
        @JsonProperty("older_than")
        String olderThan();
    }
}
