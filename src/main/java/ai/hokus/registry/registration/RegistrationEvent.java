package ai.hokus.registry.registration;

import ai.hokus.registry.web.StrictJson;
import ai.hokus.registry.web.TextRules;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What consumers are told about a registration.
 *
 * @param userId the caller's
 * @param tags the client's, then those that this service adds
 * @param proposalIdentifier from the tags; the token's id if they name none
 */
record RegistrationEvent(
        RegistrationRequest request,
        String userId,
        Map<String, String> tags,
        String proposalIdentifier,
        Instant registeredAt) {

    static final String TYPE = "model_ready_to_deploy";

    static final String USER_ID = "user_id";

    /** Always six fractional digits: Python 3.7 parses none, three or six, and {@link Instant#toString} leaves zeros out. */
    private static final DateTimeFormatter TIMESTAMP =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);

    /** The first of these tags that is not blank names the proposal. */
    private static final List<String> PROPOSAL_TAGS =
            List.of("proposal_identifier", "proposal_ticker", "canonical_identifier", "ticker");

    static RegistrationEvent of(RegistrationRequest request, String userId, Instant registeredAt) {
        Map<String, String> tags = deliveredTags(request, userId);
        String proposalIdentifier = PROPOSAL_TAGS.stream()
                .map(tag -> tags.getOrDefault(tag, ""))
                .filter(value -> !TextRules.isBlank(value))
                .findFirst()
                .orElse(request.tokenId());
        return new RegistrationEvent(request, userId, tags, proposalIdentifier, registeredAt);
    }

    /** The caller's id replaces whatever the client put there; the proposal's tag is filled in only if the client did not set it. */
    private static Map<String, String> deliveredTags(RegistrationRequest request, String userId) {
        Map<String, String> tags = new LinkedHashMap<>(request.tags());
        tags.put(USER_ID, userId);
        tags.putIfAbsent("proposal_identifier", request.proposalIdentifier());
        putGiven(tags, "hokusai.eval_spec", request.evalSpec());
        putGiven(tags, "hokusai.scorer_ref", request.scorerRef());
        putGiven(tags, "hokusai.primary_metric", request.primaryMetric());
        putGiven(tags, "hokusai.benchmark_spec_id", request.benchmarkSpecId());
        return tags;
    }

    private static void putGiven(Map<String, String> tags, String tag, @Nullable String value) {
        if (value != null) {
            tags.put(tag, value);
        }
    }

    /** Compact JSON, exactly as it is delivered. */
    String payload() {
        ObjectNode payload = StrictJson.MAPPER.createObjectNode();
        payload.put("model_id", request.modelId());
        payload.put("token_symbol", request.tokenId());
        payload.put("metric_name", request.metricName());
        payload.put("baseline_value", request.baselineValue());
        payload.put("current_value", request.currentValue());
        payload.put("model_name", request.modelName());
        payload.put("model_version", request.version());
        payload.put("mlflow_run_id", request.mlflowRunId());
        payload.put("status", "registered");
        payload.put("proposal_identifier", proposalIdentifier);
        payload.put("improvement_percentage", improvementPercentage());
        payload.putNull("contributor_address");
        payload.putNull("experiment_name");
        payload.putPOJO("tags", tags);
        payload.set("api_schema", request.apiSchema());
        payload.put("eval_spec", request.evalSpec());
        payload.put("scorer_ref", request.scorerRef());
        payload.put("primary_metric", request.primaryMetric());
        payload.put("benchmark_spec_id", request.benchmarkSpecId());
        payload.put("timestamp", TIMESTAMP.format(registeredAt));
        payload.put("message_version", "1.0");
        return StrictJson.MAPPER.writeValueAsString(payload);
    }

    String tagsJson() {
        return StrictJson.MAPPER.writeValueAsString(tags);
    }

    @Nullable
    String apiSchemaJson() {
        return request.apiSchema() == null ? null : StrictJson.MAPPER.writeValueAsString(request.apiSchema());
    }

    /** The improvement in per cent of the baseline; null if the baseline is not positive, or the result is not finite. */
    private @Nullable Double improvementPercentage() {
        if (request.baselineValue() <= 0) {
            return null;
        }
        double percentage = (request.currentValue() - request.baselineValue()) / request.baselineValue() * 100;
        return Double.isFinite(percentage) ? percentage : null;
    }
}
