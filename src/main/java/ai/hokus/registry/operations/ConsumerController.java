package ai.hokus.registry.operations;

import ai.hokus.registry.consumers.ConsumerCache;
import ai.hokus.registry.consumers.ConsumerStatus;
import ai.hokus.registry.consumers.ConsumerStatus.Element;
import ai.hokus.registry.consumers.ConsumerStatus.Listed;
import ai.hokus.registry.consumers.PutBack;
import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.web.Problem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** What consumers have taken and not finished, and what they gave up; and putting it back. Thread-safe. */
@RestController
class ConsumerController {

    private final ConsumerCache cache;
    private final PutBackAction action;
    private final PutBack putBack;

    ConsumerController(ConsumerCache cache, PutBackAction action, PutBack putBack) {
        this.cache = cache;
        this.action = action;
        this.putBack = putBack;
    }

    /** Asks nobody. */
    @GetMapping("/outbox/consumers")
    @Tag(name = "Outbox")
    @Operation(
            summary = "What consumers have taken and not finished, and what they gave up",
            description =
                    "As this instance saw it at sampled_at. depth is exact; elements are the oldest, 1,000 at most."
                            + " seen_since is when this instance first saw the element there, so ages are too low after a restart."
                            + " unavailable_reason says why something is not known.")
    ResponseEntity<Object> consumers() {
        ConsumerStatus status = cache.current();
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("sampled_at", status.sampledAt());
        answer.put("unavailable_reason", status.unavailableReason());
        Map<String, @Nullable Object> main = new LinkedHashMap<>();
        main.put("depth", status.depth());
        answer.put("main", main);
        answer.put("processing", list(status.processing(), false));
        answer.put("dlq", list(status.dlq(), true));
        Map<String, @Nullable Object> taken = new LinkedHashMap<>();
        taken.put("p50", millis(status.takenP50()));
        taken.put("p99", millis(status.takenP99()));
        answer.put("commit_to_taken_ms", taken);
        return ResponseEntity.ok().cacheControl(CacheControl.noStore()).body(answer);
    }

    private static Map<String, @Nullable Object> list(Listed list, boolean dead) {
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("depth", list.depth());
        answer.put("oldest_seen_at", list.oldestSeenAt());
        answer.put("unreadable", list.unreadable());
        answer.put(
                "elements",
                list.elements().stream().map(element -> element(element, dead)).toList());
        return answer;
    }

    private static Map<String, @Nullable Object> element(Element element, boolean dead) {
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("message_id", element.messageId());
        answer.put("model_id", element.modelId());
        answer.put("retry_count", element.retryCount());
        answer.put("seen_since", element.seenSince());
        answer.put("stuck", element.stuck());
        if (dead) {
            answer.put("error", element.error());
            answer.put("failed_at", element.failedAt());
            answer.put("wrapped", element.wrapped());
        }
        return answer;
    }

    private static @Nullable Long millis(@Nullable Duration duration) {
        return duration == null ? null : duration.toMillis();
    }

    @PostMapping("/outbox/put-back")
    @Tag(name = "Outbox operations")
    @Operation(
            summary = "Put elements of the consumers' lists back into the queue, to be taken next",
            description =
                    "A dry run says what would be done, and does nothing. From processing: what has been seen there for"
                            + " older_than or longer, unchanged. From dlq: the message itself, with retry_count 0. A consumer that is still at"
                            + " work on an element does it twice; the order of a model's messages is not kept; the queue's capacity does"
                            + " not apply.",
            requestBody =
                    @RequestBody(
                            required = true,
                            content =
                                    @Content(
                                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                                            schema = @Schema(implementation = OperatorRequestSchema.PutBack.class))))
    ResponseEntity<Object> putBack(HttpServletRequest httpRequest) {
        OperatorRequestParser body =
                new OperatorRequestParser(httpRequest, Set.of("list", "message_id", "all", "older_than"));
        OperatorRequest request = body.operatorRequest();
        ConsumerList list = list(body);
        String messageId = body.text("message_id");
        boolean all = body.flag("all");
        Duration olderThan = body.duration("older_than");
        if (all == (messageId != null) && body.isRight("message_id") && body.isRight("all")) {
            body.refuse("message_id", "or \"all\": true is required: one message, or all, and not both");
        }
        if (olderThan != null && list == ConsumerList.DLQ) {
            body.refuse("older_than", "is for processing only");
        }
        if (list == null || !body.errors().isEmpty()) {
            return Problem.of(body.errors());
        }
        Duration age = olderThan == null ? putBack.stuckAfter() : olderThan;
        return ActionAnswer.of(
                "put_back", request, action.putBack(new PutBack.Selection(list, messageId, age), request));
    }

    private static @Nullable ConsumerList list(OperatorRequestParser body) {
        String list = body.text("list");
        if ("processing".equals(list)) {
            return ConsumerList.PROCESSING;
        }
        if ("dlq".equals(list)) {
            return ConsumerList.DLQ;
        }
        if (body.isRight("list")) {
            body.refuse("list", "must be processing or dlq");
        }
        return null;
    }
}
