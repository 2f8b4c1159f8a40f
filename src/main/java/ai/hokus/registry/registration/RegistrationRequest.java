package ai.hokus.registry.registration;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a client registers, checked and normalised: trimmed, defaults filled in.
 *
 * @param modelUri as sent, untrimmed
 * @param apiSchema as sent, its numbers with every digit; never changed after reading
 * @param tags as sent, in the client's order
 */
record RegistrationRequest(
        String modelName,
        String version,
        String tokenId,
        String proposalIdentifier,
        String metricName,
        double baselineValue,
        double currentValue,
        String mlflowRunId,
        @Nullable String modelUri,
        @Nullable String evalSpec,
        @Nullable String scorerRef,
        @Nullable String primaryMetric,
        @Nullable String benchmarkSpecId,
        @Nullable ObjectNode apiSchema,
        Map<String, String> tags) {

    /** The name, version and token by which a registration is known: {@code NAME/VERSION/TOKEN}. */
    String modelId() {
        return modelName + "/" + version + "/" + tokenId;
    }
}
