package ai.hokus.registry.operations;

import ai.hokus.registry.InstanceName;
import ai.hokus.registry.consumers.ConsumerCache;
import ai.hokus.registry.consumers.ConsumerStatus;
import ai.hokus.registry.operations.MessageListing.State;
import ai.hokus.registry.status.ServiceStatus;
import ai.hokus.registry.status.StatusCache;
import ai.hokus.registry.web.FieldErrors;
import ai.hokus.registry.web.Problem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Shows the operators' views, under the names that they and their columns have in SQL. Thread-safe. */
@RestController
@Tag(name = "Outbox")
record OutboxQueryController(
        OutboxQueries queries,
        MessageListing listing,
        StatusCache cache,
        ConsumerCache consumerCache,
        InstanceName instance) {

    private static final Logger log = LoggerFactory.getLogger(OutboxQueryController.class);

    /** 200 rows without payloads have some 60 KB. */
    private static final int MAX_LIMIT = 200;

    /** Answers even while the database does not: then with what was known last. */
    @GetMapping("/outbox/status")
    @Operation(
            summary = "State of Redis, the database, the breaker and every partition",
            description =
                    "partitions is the view outbox_status, whichever instance relays; the rest is what this instance"
                            + " knows. Without the database, partitions is empty and everything else is as it was last known.")
    ResponseEntity<Object> status() {
        ServiceStatus status = cache.current();
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("now", status.now());
        answer.put("instance", instance.value());
        answer.put("sampled_at", status.sampledAt());
        answer.put("stale", status.stale());
        answer.put("findings", status.findings());
        answer.put("database", status.database());
        answer.put("redis", status.redis());
        answer.put("relay_mode", status.relayMode());
        answer.put("breaker", status.breaker());
        answer.put("pending", status.pending());
        answer.put("pending_is_estimate", status.pendingIsEstimate());
        answer.put("parked", status.parked());
        answer.put("oldest_pending_age_ms", status.oldestPendingAgeMs());
        answer.put("last_error", status.lastError());
        answer.put("last_error_at", status.lastErrorAt());
        answer.put("partitions", status.database().reachable() ? partitions() : List.of());
        return ok(answer);
    }

    private List<Map<String, @Nullable Object>> partitions() {
        try {
            return queries.status();
        } catch (DataAccessException e) {
            log.debug("The view outbox_status could not be read; the sampler says when that becomes a finding", e);
            return List.of();
        }
    }

    @GetMapping("/outbox/backlog")
    @Operation(summary = "What is pending, by model and by minute; 100 of each at most")
    ResponseEntity<Object> backlog() {
        return ok(Map.of("by_model", queries.backlogByModel(), "by_minute", queries.backlogByMinute()));
    }

    @GetMapping("/outbox/messages")
    @Operation(
            summary = "Messages in one state, in pages",
            description =
                    "Pending ones oldest first and delivered ones newest first, partition by partition; parked ones"
                            + " oldest first. With model, a page looks at 10,000 messages at most: follow next until it"
                            + " is null.")
    ResponseEntity<Object> messages(
            @Parameter(description = "pending, parked or delivered") @RequestParam(defaultValue = "pending")
                    String state,
            @Parameter(description = "Only of this model") @RequestParam(required = false) @Nullable String model,
            @Parameter(description = "1 to 200") @RequestParam(defaultValue = "50") int limit,
            @Parameter(description = "The field next of the previous page") @RequestParam(required = false) @Nullable
                    Long after) {
        Optional<State> wanted = Arrays.stream(State.values())
                .filter(known -> known.name().equalsIgnoreCase(state))
                .findFirst();
        FieldErrors errors = new FieldErrors();
        if (wanted.isEmpty()) {
            errors.refuse("state", "must be pending, parked or delivered");
        }
        checkLimit(limit, errors);
        errors.refuseUnstorable("model", model);
        errors.throwIfAny();
        return ok(listing.list(wanted.get(), blankToNull(model), after, limit));
    }

    @GetMapping("/outbox/search")
    @Operation(
            summary = "Find the messages of registrations by model, version and token",
            description =
                    "Copies included; the first 200 at most. Of one model in the order of versions and tokens. Without a"
                            + " model the newest first, among the newest 100,000 registrations.")
    ResponseEntity<Object> search(
            @Parameter(description = "Only of this model") @RequestParam(required = false) @Nullable String model,
            @Parameter(description = "Only this version") @RequestParam(required = false) @Nullable String version,
            @Parameter(description = "Only this token") @RequestParam(name = "token_id", required = false) @Nullable
                    String tokenId) {
        FieldErrors errors = new FieldErrors();
        errors.refuseUnstorable("model", model);
        errors.refuseUnstorable("version", version);
        errors.refuseUnstorable("token_id", tokenId);
        errors.throwIfAny();
        return ok(
                Map.of("messages", queries.registered(blankToNull(model), blankToNull(version), blankToNull(tokenId))));
    }

    @GetMapping("/outbox/messages/{message_id}")
    @Operation(
            summary = "History of a message: registered, claimed, delivered, parked, sent again, taken, given up",
            description =
                    "taken, taken_at, stuck_since and dead_lettered_at are what this instance has seen of consumers; null: it has"
                            + " not. taken is false if no consumer has been seen to take the message, and null when that is not"
                            + " known, for example because something was put back, or because the message was in the queue"
                            + " before this instance started. An element that a consumer puts back to try it again counts as"
                            + " the newest message that is not taken.")
    ResponseEntity<Object> message(@PathVariable("message_id") UUID messageId) {
        List<Map<String, @Nullable Object>> rows = queries.history(messageId);
        if (rows.isEmpty()) {
            return Problem.of(
                    HttpStatus.NOT_FOUND,
                    "There is no message " + messageId + " in the outbox. It may have been deleted when its retention"
                            + " after the delivery was over.");
        }
        return ok(MessageTimeline.of(messageId, rows, queries.operationsOn(messageId), consumerCache));
    }

    /** Reads a cache; asks neither Redis nor the database. */
    @GetMapping("/outbox/consumers")
    @Operation(
            summary = "What consumers have taken and not finished, and what they gave up",
            description =
                    "As this instance saw it at sampled_at. depth is exact; elements are the oldest, 1,000 at most."
                            + " seen_since is when this instance first saw the element there, so ages are too low after a restart."
                            + " unavailable_reason says why something is not known.")
    ResponseEntity<Object> consumers() {
        ConsumerStatus status = consumerCache.current();
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("sampled_at", status.sampledAt());
        answer.put("unavailable_reason", status.unavailableReason());
        answer.put("main", Collections.singletonMap("depth", status.depth()));
        answer.put("processing", status.processing());
        answer.put("dlq", status.dlq());
        Map<String, @Nullable Long> taken = new LinkedHashMap<>();
        taken.put("p50", millis(status.takenP50()));
        taken.put("p99", millis(status.takenP99()));
        answer.put("commit_to_taken_ms", taken);
        return ok(answer);
    }

    private static @Nullable Long millis(@Nullable Duration duration) {
        return duration == null ? null : duration.toMillis();
    }

    @GetMapping("/outbox/rewinds")
    @Operation(summary = "Rewinds: what Redis lost and the relay sent again, the latest first")
    ResponseEntity<Object> rewinds() {
        return ok(Map.of("rewinds", queries.rewinds()));
    }

    @GetMapping("/outbox/throughput")
    @Operation(summary = "Messages delivered per minute, for the last day")
    ResponseEntity<Object> throughput() {
        return ok(Map.of("throughput", queries.throughput()));
    }

    @GetMapping("/outbox/operations")
    @Operation(summary = "What operators did, the latest first")
    ResponseEntity<Object> operations(
            @Parameter(description = "1 to 200") @RequestParam(defaultValue = "50") int limit,
            @Parameter(description = "The field next of the previous page") @RequestParam(required = false) @Nullable
                    Long after) {
        FieldErrors errors = new FieldErrors();
        checkLimit(limit, errors);
        errors.throwIfAny();
        List<Map<String, @Nullable Object>> read = queries.operations(after, limit + 1);
        boolean more = read.size() > limit;
        return ok(new OperationsPage(
                more ? read.subList(0, limit) : read, more ? read.get(limit - 1).get("id") : null));
    }

    record OperationsPage(
            List<Map<String, @Nullable Object>> operations,
            @Nullable Object next) {}

    private static void checkLimit(int limit, FieldErrors errors) {
        if (limit < 1 || limit > MAX_LIMIT) {
            errors.refuse("limit", "must be between 1 and " + MAX_LIMIT);
        }
    }

    private static @Nullable String blankToNull(@Nullable String text) {
        return text == null || text.isBlank() ? null : text.strip();
    }

    private static ResponseEntity<Object> ok(Object body) {
        return ResponseEntity.ok().cacheControl(CacheControl.noStore()).body(body);
    }
}
