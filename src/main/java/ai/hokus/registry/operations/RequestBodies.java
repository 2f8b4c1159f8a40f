package ai.hokus.registry.operations;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.swagger.v3.oas.annotations.media.Schema;

/**
 * The fields of the operations' request bodies, for the API's documentation. Never instantiated: {@link OperatorRequestParser}
 * reads a body field by field, to name all errors at once, and refuses a field that is not here.
 */
final class RequestBodies {

    private RequestBodies() {}

    @Schema(name = "OperatorRequest", description = "Why an operation is done, and whether it is a dry run")
    record Reasoned(
            @Schema(
                    requiredMode = REQUIRED,
                    maxLength = OperatorRequest.MAX_REASON,
                    description = "Why it is done; kept with the operation")
            String reason,

            @Schema(description = "true: say what would be done, and do nothing", example = "true")
            boolean dryRun) {}

    @Schema(name = "ChangeRequest", description = "Why delivery is paused, resumed or released")
    record Change(
            @JsonUnwrapped Reasoned request,

            @Schema(description = "Release only. true: pause it as well, so that nothing is sent before it is resumed")
            boolean paused) {}

    @Schema(name = "AdoptRequest", description = "Where the outbox delivers to from now on; at least one of the two")
    record Adopt(
            @JsonUnwrapped Reasoned request,

            @Schema(
                    maxLength = OperatorRequestParser.MAX_TEXT,
                    description = "As registry.queue.name of the instances that are to relay",
                    example = "hokusai:model_ready_queue")
            String queueName,

            @Schema(
                    maxLength = OperatorRequestParser.MAX_TEXT,
                    description = "As registry.outbox.environment of the instances that are to relay",
                    example = "production")
            String environment) {}

    @Schema(name = "ResendRequest", description = "Which delivered messages to send again; all conditions must hold")
    record Resend(
            @JsonUnwrapped Reasoned request, @JsonUnwrapped ResendFilter filter) {}

    @Schema(name = "PurgeRequest", description = "Which delivered messages to delete")
    record Purge(
            @JsonUnwrapped Reasoned request,

            @Schema(
                    requiredMode = REQUIRED,
                    format = "duration",
                    description = "Minimum time since the delivery; PT0S to P3650D",
                    example = "PT12H")
            String olderThan) {}

    @Schema(name = "PutBackRequest", description = "What to put back; message_id or all")
    record PutBack(
            @JsonUnwrapped Reasoned request,

            @Schema(
                    requiredMode = REQUIRED,
                    allowableValues = {"processing", "dlq"})
            String list,

            @Schema(maxLength = OperatorRequestParser.MAX_TEXT, description = "The elements of this message")
            String messageId,

            @Schema(description = "true: all that can be read of the oldest 1,000")
            boolean all,

            @Schema(
                    format = "duration",
                    description = "processing only: minimum time that an element has been seen there; by default"
                            + " registry.consumers.stuck-after",
                    example = "PT15M")
            String olderThan) {}
}
