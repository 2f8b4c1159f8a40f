package ai.hokus.registry.operations;

import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.web.Problem;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;

/** How an action is answered, and logged if it was done. */
final class ActionAnswer {

    private static final Logger log = LoggerFactory.getLogger(ActionAnswer.class);

    private ActionAnswer() {}

    static ResponseEntity<Object> of(String operation, OperatorRequest request, ActionResult result) {
        return result instanceof Completed completed
                ? ResponseEntity.ok(body(operation, request, completed))
                : refused((Refused) result);
    }

    static Map<String, @Nullable Object> body(String operation, OperatorRequest request, Completed completed) {
        if (completed.executed()) {
            log.info("Operator {}: {}. {} Reason: {}", request.by(), operation, completed.detail(), request.reason());
        }
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("operation", operation);
        answer.put("dry_run", request.dryRun());
        answer.put("executed", completed.executed());
        answer.put("messages", completed.messages());
        answer.put("partitions", completed.partitions());
        answer.put("detail", completed.detail());
        answer.put("operation_id", completed.operationId());
        return answer;
    }

    private static ResponseEntity<Object> refused(Refused refused) {
        HttpStatus status = switch (refused.reason()) {
            case NOT_FOUND -> HttpStatus.NOT_FOUND;
            case CONFLICT -> HttpStatus.CONFLICT;
            case TOO_MANY -> HttpStatus.UNPROCESSABLE_CONTENT;
        };
        return Problem.of(status, refused.detail());
    }
}
