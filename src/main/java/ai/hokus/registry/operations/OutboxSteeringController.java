package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.OutboxSteering;
import ai.hokus.registry.outbox.OutboxSteering.Resolution;
import ai.hokus.registry.outbox.OutboxSteering.StateChange;
import ai.hokus.registry.outbox.Selection;
import ai.hokus.registry.outbox.SteeringResult;
import ai.hokus.registry.outbox.Wish;
import ai.hokus.registry.relay.Relay;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.security.Principal;
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
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/**
 * What operators may do. Every operation wants a {@code reason}, has a {@code dry_run}, and done twice does nothing twice:
 * most by their nature, sending again by its {@code Idempotency-Key}. Thread-safe.
 */
@RestController
@Tag(name = "Outbox operations")
class OutboxSteeringController {

    private static final Logger log = LoggerFactory.getLogger(OutboxSteeringController.class);

    private static final String KEY = "Idempotency-Key";
    private static final String BODY =
            "Body: {\"reason\": \"...\", \"dry_run\": true}. A dry run says what would be done, and does nothing.";

    private final OutboxSteering outbox;
    private final Relay relay;
    private final OperatorSettings settings;

    OutboxSteeringController(OutboxSteering outbox, Relay relay, OperatorSettings settings) {
        this.outbox = outbox;
        this.relay = relay;
        this.settings = settings;
    }

    @PostMapping("/outbox/partitions/{partition}/{change:pause|resume|release}")
    @Operation(summary = "Pause, resume or release a partition, or all", description = BODY)
    ResponseEntity<Object> change(
            @Parameter(description = "A partition's number, or all") @PathVariable String partition,
            @PathVariable String change,
            @RequestBody(required = false) @Nullable Map<String, @Nullable Object> fields,
            @RequestHeader(name = KEY, required = false) @Nullable String key,
            HttpServletRequest request) {
        SteeringBody body = new SteeringBody(fields, Set.of());
        Wish wish = body.wish(caller(request), key);
        Integer number = null;
        if (!partition.equals("all")) {
            try {
                number = Integer.valueOf(partition);
            } catch (NumberFormatException e) {
                return OperatorProblem.of(HttpStatus.NOT_FOUND, "There is no partition " + partition + ".");
            }
        }
        if (!body.errors().isEmpty()) {
            return OperatorProblem.of(body.errors());
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
            description = BODY + " Requeued: a copy at the end, with the same message_id.")
    ResponseEntity<Object> resolve(
            @PathVariable("message_id") UUID messageId,
            @PathVariable String decision,
            @RequestBody(required = false) @Nullable Map<String, @Nullable Object> fields,
            @RequestHeader(name = KEY, required = false) @Nullable String key,
            HttpServletRequest request) {
        SteeringBody body = new SteeringBody(fields, Set.of());
        Wish wish = body.wish(caller(request), key);
        if (!body.errors().isEmpty()) {
            return OperatorProblem.of(body.errors());
        }
        Resolution wanted = decision.equals("requeue") ? Resolution.REQUEUE : Resolution.DISCARD;
        return answer(decision, wish, outbox.resolve(wanted, messageId, wish));
    }

    @PostMapping("/outbox/resend")
    @Operation(
            summary = "Send delivered messages again, as copies at the end",
            description = BODY + " Which: model; partition with from_position, to_position; delivered_from,"
                    + " delivered_before; all that are given must fit. At most registry.operators.largest-resend"
                    + " messages. The header Idempotency-Key is required unless it is a dry run: under one key it happens"
                    + " once.")
    ResponseEntity<Object> resend(
            @RequestBody(required = false) @Nullable Map<String, @Nullable Object> fields,
            @RequestHeader(name = KEY, required = false) @Nullable String key,
            HttpServletRequest request) {
        SteeringBody body = new SteeringBody(
                fields,
                Set.of("model", "partition", "from_position", "to_position", "delivered_from", "delivered_before"));
        Wish wish = body.wish(caller(request), key);
        Long partition = body.number("partition");
        Selection selection = new Selection(
                body.text("model"),
                partition == null ? null : Math.toIntExact(Math.max(-1, Math.min(partition, Integer.MAX_VALUE))),
                body.number("from_position"),
                body.number("to_position"),
                body.time("delivered_from"),
                body.time("delivered_before"));
        if (selection.empty()) {
            body.errors().add("which messages? give model, or partition and positions, or times of delivery");
        }
        boolean positions = selection.fromPosition() != null || selection.toPosition() != null;
        if (positions && selection.partition() == null) {
            body.errors().add("partition is required with positions: each partition has its own");
        }
        if (!wish.dryRun() && key == null) {
            body.errors().add("the header Idempotency-Key is required: asked for twice, messages would be sent twice");
        }
        if (!body.errors().isEmpty()) {
            return OperatorProblem.of(body.errors());
        }
        return answer("resend", wish, outbox.resend(selection, settings.largestResend(), wish));
    }

    @PostMapping("/outbox/purge")
    @Operation(
            summary = "Delete delivered messages before their retention is over",
            description = BODY + " older_than: a duration since the delivery, for example PT12H. What is gone cannot be"
                    + " sent again.")
    ResponseEntity<Object> purge(
            @RequestBody(required = false) @Nullable Map<String, @Nullable Object> fields,
            @RequestHeader(name = KEY, required = false) @Nullable String key,
            HttpServletRequest request) {
        SteeringBody body = new SteeringBody(fields, Set.of("older_than"));
        Wish wish = body.wish(caller(request), key);
        Duration olderThan = body.duration("older_than");
        if (olderThan == null && body.errors().stream().noneMatch(error -> error.startsWith("older_than"))) {
            body.errors().add("older_than is required, for example PT12H");
        }
        if (olderThan == null || !body.errors().isEmpty()) {
            return OperatorProblem.of(body.errors());
        }
        return answer("purge", wish, outbox.purge(olderThan, wish));
    }

    private ResponseEntity<Object> answer(String operation, Wish wish, SteeringResult result) {
        if (result instanceof SteeringResult.Refused refused) {
            return OperatorProblem.of(refused);
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

    private static String caller(HttpServletRequest request) {
        Principal principal = request.getUserPrincipal();
        return principal == null ? "anonymous" : principal.getName();
    }
}
