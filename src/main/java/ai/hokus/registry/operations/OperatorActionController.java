package ai.hokus.registry.operations;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.operations.OperatorActionRepository.Target;
import ai.hokus.registry.operations.OperatorActions.Resolution;
import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.web.Problem;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * What operators may do. Every operation needs a {@code reason}, can be tried with {@code dry_run}, and takes effect once however
 * often it is requested under the same {@code Idempotency-Key}. Sending again requires one. Thread-safe.
 */
@RestController
@Tag(name = "Outbox operations")
record OperatorActionController(OperatorActions actions, Resend resend, PutBackAction putBack, Relay relay) {

    private static final Logger log = LoggerFactory.getLogger(OperatorActionController.class);

    private static final String DRY_RUN = "A dry run says what would be done, and does nothing.";

    @PostMapping("/outbox/partitions/{partition}/{change:pause|resume|release}")
    @Operation(
            summary = "Pause, resume or release a partition, or all",
            description = DRY_RUN
                    + " A pause is answered with 200 once it is fenced: no append can succeed from then on, not even"
                    + " one that was under way. It is answered with 202 when it is stored, but not fenced in time or resumed"
                    + " meanwhile: GET /outbox/status says whether it is paused, and whether it is fenced.")
    @RequestBody(required = true, content = @Content(schema = @Schema(implementation = RequestBodies.Change.class)))
    ResponseEntity<Object> change(
            @Parameter(description = "A partition's number, or all") @PathVariable String partition,
            @PathVariable String change,
            HttpServletRequest httpRequest) {
        boolean isRelease = change.equals("release");
        OperatorRequestParser body = new OperatorRequestParser(
                httpRequest, isRelease ? RequestBodies.Change.class : RequestBodies.Reasoned.class);
        boolean paused = isRelease && body.flag("paused");
        OperatorRequest request = body.operatorRequest();
        Integer number = null;
        if (!partition.equals("all")) {
            try {
                number = Integer.valueOf(partition);
            } catch (NumberFormatException e) {
                return Problem.of(HttpStatus.NOT_FOUND, "There is no partition " + partition + ".");
            }
        }
        return switch (change) {
            case "pause" -> answerPause(number, request, actions.pause(number, request));
            case "resume" -> answer(change, request, actions.resume(number, request));
            default -> answer(change, request, actions.release(number, paused, request));
        };
    }

    /** Waits for the fence, and says whether an append can still succeed; also for a pause that was stored before. */
    private ResponseEntity<Object> answerPause(
            @Nullable Integer partition, OperatorRequest request, ActionResult result) {
        ResponseEntity<Object> answer = answer("pause", request, result); // logs it and wakes the relay as well
        if (request.dryRun() || !(result instanceof Completed completed)) {
            return answer;
        }
        boolean fenced = actions.awaitFence(partition);
        Completed answered = fenced
                ? completed
                : completed.adding(
                        " It is not fenced yet, or was resumed meanwhile: an append can still succeed. GET /outbox/status"
                                + " and the console say whether it is paused, and whether it is fenced.");
        return ResponseEntity.status(fenced ? HttpStatus.OK : HttpStatus.ACCEPTED)
                .body(new Answer("pause", false, answered, fenced));
    }

    @PostMapping("/outbox/parked/{message_id}/{decision:requeue|discard}")
    @Operation(
            summary = "Send a parked message again, or decide that it is never to be sent",
            description = DRY_RUN + " Requeue adds a copy at the end, with the same message_id.")
    @RequestBody(required = true, content = @Content(schema = @Schema(implementation = RequestBodies.Reasoned.class)))
    ResponseEntity<Object> resolve(
            @PathVariable("message_id") UUID messageId, @PathVariable String decision, HttpServletRequest httpRequest) {
        OperatorRequest request =
                new OperatorRequestParser(httpRequest, RequestBodies.Reasoned.class).operatorRequest();
        Resolution wanted = decision.equals("requeue") ? Resolution.REQUEUE : Resolution.DISCARD;
        return answer(decision, request, actions.resolve(wanted, messageId, request));
    }

    @PostMapping("/outbox/resend")
    @Operation(
            summary = "Send delivered messages again, as copies at the end",
            description = DRY_RUN
                    + " At most registry.operations.max-resend messages and max-resend-size. The header Idempotency-Key is"
                    + " required unless it is a dry run: requests with the same key are executed once.",
            parameters =
                    @Parameter(
                            name = OperatorRequestParser.IDEMPOTENCY_KEY,
                            in = ParameterIn.HEADER,
                            description = "Chosen by the caller, 1 to 255 characters",
                            schema = @Schema(type = "string")))
    @RequestBody(required = true, content = @Content(schema = @Schema(implementation = RequestBodies.Resend.class)))
    ResponseEntity<Object> resend(HttpServletRequest httpRequest) {
        OperatorRequestParser body = new OperatorRequestParser(httpRequest, RequestBodies.Resend.class);
        Long partition = body.number("partition", 0, Integer.MAX_VALUE);
        ResendFilter filter = new ResendFilter(
                body.text("model"),
                partition == null ? null : partition.intValue(),
                body.number("from_position", 0, Long.MAX_VALUE),
                body.number("to_position", 0, Long.MAX_VALUE),
                body.time("delivered_from"),
                body.time("delivered_before"));
        if (filter.isEmpty() && body.isRight()) {
            body.refuse("body", "must say which messages: model, or partition and positions, or times of delivery");
        }
        boolean positions = filter.fromPosition() != null || filter.toPosition() != null;
        if (positions && partition == null && body.isRight("partition")) {
            body.refuse("partition", "is required with positions: each partition has its own");
        }
        if (body.lacksIdempotencyKey()) {
            body.refuse(
                    OperatorRequestParser.IDEMPOTENCY_KEY,
                    "is required: without this header a repeated request would send messages twice");
        }
        OperatorRequest request = body.operatorRequest();
        return answer("resend", request, resend.resend(filter, request));
    }

    @PostMapping("/outbox/purge")
    @Operation(
            summary = "Delete delivered messages before their retention is over",
            description = DRY_RUN + " Deleted messages cannot be sent again.")
    @RequestBody(required = true, content = @Content(schema = @Schema(implementation = RequestBodies.Purge.class)))
    ResponseEntity<Object> purge(HttpServletRequest httpRequest) {
        OperatorRequestParser body = new OperatorRequestParser(httpRequest, RequestBodies.Purge.class);
        Duration olderThan = body.duration("older_than");
        if (olderThan == null && body.isRight("older_than")) {
            body.refuse("older_than", "is required, for example PT12H");
        }
        OperatorRequest request = body.operatorRequest();
        return answer("purge", request, actions.purge(requireNonNull(olderThan), request));
    }

    @PostMapping("/outbox/adopt")
    @Operation(
            summary = "Record the queue or the environment that this outbox delivers to",
            description = DRY_RUN + " From then on only instances with the same registry.queue.name and"
                    + " registry.outbox.environment relay. A queue without checkpoints of this outbox is given everything that is"
                    + " retained again.")
    @RequestBody(required = true, content = @Content(schema = @Schema(implementation = RequestBodies.Adopt.class)))
    ResponseEntity<Object> adopt(HttpServletRequest httpRequest) {
        OperatorRequestParser body = new OperatorRequestParser(httpRequest, RequestBodies.Adopt.class);
        Target target = new Target(body.text("queue_name"), body.text("environment"));
        if (target.queueName() == null && target.environment() == null && body.isRight()) {
            body.refuse("body", "must have queue_name or environment");
        }
        OperatorRequest request = body.operatorRequest();
        return answer("adopt", request, actions.adopt(target, request));
    }

    @PostMapping("/outbox/put-back")
    @Operation(
            summary = "Put elements of the consumers' lists back into the queue, to be taken next",
            description = DRY_RUN + " From processing: what has been seen there for"
                    + " older_than or longer, unchanged. From dlq: the message itself, with retry_count 0. If a consumer"
                    + " is still at work on an element, it is processed twice; the order of a model's messages is not"
                    + " kept; the queue's capacity does not apply. One call looks at the oldest 1,000 elements of the list,"
                    + " or 4 MB; the answer says what stays.")
    @RequestBody(required = true, content = @Content(schema = @Schema(implementation = RequestBodies.PutBack.class)))
    ResponseEntity<Object> putBack(HttpServletRequest httpRequest) {
        OperatorRequestParser body = new OperatorRequestParser(httpRequest, RequestBodies.PutBack.class);
        String list = body.text("list");
        boolean dlq = "dlq".equals(list);
        if (!dlq && !"processing".equals(list) && body.isRight("list")) {
            body.refuse("list", "must be processing or dlq");
        }
        String messageId = body.text("message_id");
        boolean all = body.flag("all");
        if (all == (messageId != null) && body.isRight("message_id") && body.isRight("all")) {
            body.refuse("message_id", "or \"all\": true is required: one message, or all, and not both");
        }
        Duration olderThan = body.duration("older_than");
        if (olderThan != null && dlq) {
            body.refuse("older_than", "is for processing only");
        }
        OperatorRequest request = body.operatorRequest();
        ConsumerList from = dlq ? ConsumerList.DLQ : ConsumerList.PROCESSING;
        return answer("put_back", request, putBack.putBack(from, messageId, olderThan, request));
    }

    /** Logs what was done, and wakes the relays of the partitions that it concerns. */
    private ResponseEntity<Object> answer(String operation, OperatorRequest request, ActionResult result) {
        if (result instanceof Refused refused) {
            return Problem.of(refused.status(), refused.detail());
        }
        Completed completed = (Completed) result;
        if (completed.executed()) {
            log.info("Operator {}: {}. {} Reason: {}", request.by(), operation, completed.detail(), request.reason());
            completed.partitions().forEach(relay::wake);
        }
        return ResponseEntity.ok(new Answer(operation, request.dryRun(), completed, null));
    }

    /** @param fenced for a pause: whether it is fenced, so that no append can succeed any more; null: another action */
    record Answer(
            String operation,
            boolean dryRun,
            @JsonUnwrapped Completed completed,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Boolean fenced) {}
}
