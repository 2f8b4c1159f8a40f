package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.OutboxSteering;
import ai.hokus.registry.outbox.OutboxSteering.Resolution;
import ai.hokus.registry.outbox.OutboxSteering.StateChange;
import ai.hokus.registry.outbox.Selection;
import ai.hokus.registry.outbox.SteeringResult;
import ai.hokus.registry.outbox.Wish;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.web.Problem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * What operators may do. Every operation wants a {@code reason}, has a {@code dry_run}, and done twice does nothing twice:
 * most by their nature, sending again by its {@code Idempotency-Key}. Thread-safe.
 */
@RestController
@Tag(name = "Outbox operations")
class OutboxSteeringController {

    private static final Logger log = LoggerFactory.getLogger(OutboxSteeringController.class);

    private static final String DRY_RUN = "A dry run says what would be done, and does nothing.";

    private final OutboxSteering outbox;
    private final Relay relay;
    private final OperatorSettings settings;

    OutboxSteeringController(OutboxSteering outbox, Relay relay, OperatorSettings settings) {
        this.outbox = outbox;
        this.relay = relay;
        this.settings = settings;
    }

    @PostMapping("/outbox/partitions/{partition}/{change:pause|resume|release}")
    @Operation(
            summary = "Pause, resume or release a partition, or all",
            description = DRY_RUN,
            requestBody =
                    @RequestBody(
                            required = true,
                            content =
                                    @Content(
                                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                                            schema = @Schema(implementation = OperatorRequestSchema.Reasoned.class))))
    ResponseEntity<Object> change(
            @Parameter(description = "A partition's number, or all") @PathVariable String partition,
            @PathVariable String change,
            HttpServletRequest request) {
        OperatorRequestParser body = new OperatorRequestParser(request, Set.of());
        Wish wish = body.operatorRequest();
        Integer number = null;
        if (!partition.equals("all")) {
            try {
                number = Integer.valueOf(partition);
            } catch (NumberFormatException e) {
                return Problem.of(HttpStatus.NOT_FOUND, "There is no partition " + partition + ".");
            }
        }
        if (!body.errors().isEmpty()) {
            return Problem.of(body.errors());
        }
        StateChange wanted = switch (change) {
            case "pause" -> StateChange.PAUSE;
            case "resume" -> StateChange.RESUME;
            default -> StateChange.RELEASE;
        };
        return answer(change, wish, outbox.change(wanted, number, wish));
    }

    @PostMapping("/outbox/parked/{message_id}/{decision:requeue|discard}")
    @Operation(
            summary = "Send a parked message again, or decide that it is never to be sent",
            description = DRY_RUN + " Requeued: a copy at the end, with the same message_id.",
            requestBody =
                    @RequestBody(
                            required = true,
                            content =
                                    @Content(
                                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                                            schema = @Schema(implementation = OperatorRequestSchema.Reasoned.class))))
    ResponseEntity<Object> resolve(
            @PathVariable("message_id") UUID messageId, @PathVariable String decision, HttpServletRequest request) {
        OperatorRequestParser body = new OperatorRequestParser(request, Set.of());
        Wish wish = body.operatorRequest();
        if (!body.errors().isEmpty()) {
            return Problem.of(body.errors());
        }
        Resolution wanted = decision.equals("requeue") ? Resolution.REQUEUE : Resolution.DISCARD;
        return answer(decision, wish, outbox.resolve(wanted, messageId, wish));
    }

    @PostMapping("/outbox/resend")
    @Operation(
            summary = "Send delivered messages again, as copies at the end",
            description = DRY_RUN + " At most registry.operators.largest-resend messages. The header Idempotency-Key is"
                    + " required unless it is a dry run: under one key it happens once.",
            parameters =
                    @Parameter(
                            name = OperatorRequestParser.IDEMPOTENCY_KEY,
                            in = ParameterIn.HEADER,
                            description = "Chosen by the caller, 1 to 255 characters",
                            schema = @Schema(type = "string")),
            requestBody =
                    @RequestBody(
                            required = true,
                            content =
                                    @Content(
                                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                                            schema = @Schema(implementation = OperatorRequestSchema.Resend.class))))
    ResponseEntity<Object> resend(HttpServletRequest request) {
        OperatorRequestParser body = new OperatorRequestParser(
                request,
                Set.of("model", "partition", "from_position", "to_position", "delivered_from", "delivered_before"));
        Wish wish = body.operatorRequest();
        Long partition = body.number("partition", 0, Integer.MAX_VALUE);
        Selection selection = new Selection(
                body.text("model"),
                partition == null ? null : partition.intValue(),
                body.number("from_position", 0, Long.MAX_VALUE),
                body.number("to_position", 0, Long.MAX_VALUE),
                body.time("delivered_from"),
                body.time("delivered_before"));
        if (selection.empty() && body.errors().isEmpty()) {
            body.refuse("body", "must say which messages: model, or partition and positions, or times of delivery");
        }
        boolean positions = selection.fromPosition() != null || selection.toPosition() != null;
        if (positions && partition == null && body.isRight("partition")) {
            body.refuse("partition", "is required with positions: each partition has its own");
        }
        if (!wish.dryRun() && wish.idempotencyKey() == null) {
            body.refuse(
                    OperatorRequestParser.IDEMPOTENCY_KEY,
                    "is required, a header: asked for twice, messages would be sent twice");
        }
        if (!body.errors().isEmpty()) {
            return Problem.of(body.errors());
        }
        return answer("resend", wish, outbox.resend(selection, settings.largestResend(), wish));
    }

    @PostMapping("/outbox/purge")
    @Operation(
            summary = "Delete delivered messages before their retention is over",
            description = DRY_RUN + " What is gone cannot be sent again.",
            requestBody =
                    @RequestBody(
                            required = true,
                            content =
                                    @Content(
                                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                                            schema = @Schema(implementation = OperatorRequestSchema.Purge.class))))
    ResponseEntity<Object> purge(HttpServletRequest request) {
        OperatorRequestParser body = new OperatorRequestParser(request, Set.of("older_than"));
        Wish wish = body.operatorRequest();
        Duration olderThan = body.duration("older_than");
        if (olderThan == null && body.isRight("older_than")) {
            body.refuse("older_than", "is required, for example PT12H");
        }
        if (olderThan == null || !body.errors().isEmpty()) {
            return Problem.of(body.errors());
        }
        return answer("purge", wish, outbox.purge(olderThan, wish));
    }

    private ResponseEntity<Object> answer(String operation, Wish wish, SteeringResult result) {
        if (result instanceof SteeringResult.Refused refused) {
            return Problem.of(status(refused.reason()), refused.detail());
        }
        SteeringResult.Steered steered = (SteeringResult.Steered) result;
        if (steered.executed()) {
            log.info("Operator {}: {}. {} Reason: {}", wish.by(), operation, steered.detail(), wish.reason());
            List<Integer> concerned = steered.partitions();
            concerned.forEach(relay::wake);
        }
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("operation", operation);
        answer.put("dry_run", wish.dryRun());
        answer.put("executed", steered.executed());
        answer.put("messages", steered.messages());
        answer.put("partitions", steered.partitions());
        answer.put("detail", steered.detail());
        answer.put("operation_id", steered.operationId());
        return ResponseEntity.ok(answer);
    }

    private static HttpStatus status(SteeringResult.Refused.Reason reason) {
        return switch (reason) {
            case NOT_FOUND -> HttpStatus.NOT_FOUND;
            case CONFLICT -> HttpStatus.CONFLICT;
            case TOO_MANY -> HttpStatus.UNPROCESSABLE_CONTENT;
        };
    }
}
