package ai.hokus.registry.operations;

import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.OperatorActionRepository.Target;
import ai.hokus.registry.operations.OperatorActions.Resolution;
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
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
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
class OperatorActionController {

    private static final String DRY_RUN = "A dry run says what would be done, and does nothing.";

    private final OperatorActions actions;
    private final Resend resend;
    private final FenceWatch fence;
    private final Relay relay;

    OperatorActionController(OperatorActions actions, Resend resend, FenceWatch fence, Relay relay) {
        this.actions = actions;
        this.resend = resend;
        this.fence = fence;
        this.relay = relay;
    }

    @PostMapping("/outbox/partitions/{partition}/{change:pause|resume|release}")
    @Operation(
            summary = "Pause, resume or release a partition, or all",
            description =
                    DRY_RUN
                            + " A pause is answered with 200 once it is fenced: no append can succeed from then on, not even"
                            + " one that was under way. It is answered with 202 when it is stored, but not fenced yet; ask again to see.",
            requestBody =
                    @RequestBody(
                            required = true,
                            content =
                                    @Content(
                                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                                            schema = @Schema(implementation = OperatorRequestSchema.Change.class))))
    ResponseEntity<Object> change(
            @Parameter(description = "A partition's number, or all") @PathVariable String partition,
            @PathVariable String change,
            HttpServletRequest httpRequest) {
        boolean isRelease = change.equals("release");
        OperatorRequestParser body = new OperatorRequestParser(httpRequest, isRelease ? Set.of("paused") : Set.of());
        OperatorRequest request = body.operatorRequest();
        boolean paused = isRelease && body.flag("paused");
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
        return switch (change) {
            case "pause" -> answerPause(number, request, actions.pause(number, request));
            case "resume" -> answer(change, request, actions.resume(number, request));
            default -> answer(change, request, actions.release(number, paused, request));
        };
    }

    /** Says whether an append can still succeed. A pause that was asked for again is answered as the first one. */
    private ResponseEntity<Object> answerPause(
            @Nullable Integer partition, OperatorRequest request, ActionResult result) {
        if (request.dryRun() || !(result instanceof Completed completed)) {
            return answer("pause", request, result);
        }
        wake(result);
        Map<String, @Nullable Object> answer = ActionAnswer.body("pause", request, completed);
        boolean fenced = fence.await(partition);
        answer.put("fenced", fenced);
        if (!fenced) {
            answer.put(
                    "detail",
                    completed.detail()
                            + " It is not fenced yet: an append that is under way can still succeed. Ask again to"
                            + " see when it is.");
        }
        return ResponseEntity.status(fenced ? HttpStatus.OK : HttpStatus.ACCEPTED)
                .body(answer);
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
            @PathVariable("message_id") UUID messageId, @PathVariable String decision, HttpServletRequest httpRequest) {
        OperatorRequestParser body = new OperatorRequestParser(httpRequest, Set.of());
        OperatorRequest request = body.operatorRequest();
        if (!body.errors().isEmpty()) {
            return Problem.of(body.errors());
        }
        Resolution wanted = decision.equals("requeue") ? Resolution.REQUEUE : Resolution.DISCARD;
        return answer(decision, request, actions.resolve(wanted, messageId, request));
    }

    @PostMapping("/outbox/resend")
    @Operation(
            summary = "Send delivered messages again, as copies at the end",
            description = DRY_RUN
                    + " At most registry.operations.max-resend messages and max-resend-size. The header Idempotency-Key is"
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
    ResponseEntity<Object> resend(HttpServletRequest httpRequest) {
        OperatorRequestParser body = new OperatorRequestParser(
                httpRequest,
                Set.of("model", "partition", "from_position", "to_position", "delivered_from", "delivered_before"));
        OperatorRequest request = body.operatorRequest();
        Long partition = body.number("partition", 0, Integer.MAX_VALUE);
        ResendFilter filter = new ResendFilter(
                body.text("model"),
                partition == null ? null : partition.intValue(),
                body.number("from_position", 0, Long.MAX_VALUE),
                body.number("to_position", 0, Long.MAX_VALUE),
                body.time("delivered_from"),
                body.time("delivered_before"));
        if (filter.isEmpty() && body.errors().isEmpty()) {
            body.refuse("body", "must say which messages: model, or partition and positions, or times of delivery");
        }
        boolean positions = filter.fromPosition() != null || filter.toPosition() != null;
        if (positions && partition == null && body.isRight("partition")) {
            body.refuse("partition", "is required with positions: each partition has its own");
        }
        if (!request.dryRun() && request.idempotencyKey() == null) {
            body.refuse(
                    OperatorRequestParser.IDEMPOTENCY_KEY,
                    "is required, a header: asked for twice, messages would be sent twice");
        }
        if (!body.errors().isEmpty()) {
            return Problem.of(body.errors());
        }
        return answer("resend", request, resend.resend(filter, request));
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
    ResponseEntity<Object> purge(HttpServletRequest httpRequest) {
        OperatorRequestParser body = new OperatorRequestParser(httpRequest, Set.of("older_than"));
        OperatorRequest request = body.operatorRequest();
        Duration olderThan = body.duration("older_than");
        if (olderThan == null && body.isRight("older_than")) {
            body.refuse("older_than", "is required, for example PT12H");
        }
        if (olderThan == null || !body.errors().isEmpty()) {
            return Problem.of(body.errors());
        }
        return answer("purge", request, actions.purge(olderThan, request));
    }

    @PostMapping("/outbox/adopt")
    @Operation(
            summary = "Record the queue or the environment that this outbox delivers to",
            description = DRY_RUN + " From then on only instances with the same registry.queue.name and"
                    + " registry.outbox.environment relay. A queue without checkpoints of this outbox is given everything that is"
                    + " retained again.",
            requestBody =
                    @RequestBody(
                            required = true,
                            content =
                                    @Content(
                                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                                            schema = @Schema(implementation = OperatorRequestSchema.Adopt.class))))
    ResponseEntity<Object> adopt(HttpServletRequest httpRequest) {
        OperatorRequestParser body = new OperatorRequestParser(httpRequest, Set.of("queue_name", "environment"));
        OperatorRequest request = body.operatorRequest();
        Target target = new Target(body.text("queue_name"), body.text("environment"));
        if (target.queueName() == null
                && target.environment() == null
                && body.errors().isEmpty()) {
            body.refuse("body", "must have queue_name or environment");
        }
        return body.errors().isEmpty()
                ? answer("adopt", request, actions.adopt(target, request))
                : Problem.of(body.errors());
    }

    private ResponseEntity<Object> answer(String operation, OperatorRequest request, ActionResult result) {
        wake(result);
        return ActionAnswer.of(operation, request, result);
    }

    /** A relay need not wait for its interval. */
    private void wake(ActionResult result) {
        if (result instanceof Completed completed && completed.executed()) {
            completed.partitions().forEach(relay::wake);
        }
    }
}
