package ai.hokus.registry.registration;

import ai.hokus.registry.web.StrictJson;
import java.util.Optional;
import org.springframework.web.ErrorResponseException;

/** Reads a request's body: every rule about what a client may send stands here. */
final class RequestReader {

    /**
     * Longest model_name, version and token_id, in UTF-16 units, which is how H2 counts a VARCHAR. One unit takes at most
     * three bytes in UTF-8, so the three together take at most 2,295: a row of PostgreSQL's unique index holds 2,704.
     */
    static final int MAX_IDENTITY_LENGTH = 255;

    /** Longest eval_spec, scorer_ref, primary_metric and benchmark_spec_id, in characters. */
    static final int MAX_SPEC_LENGTH = 500;

    /** Longest other text, in characters. */
    static final int MAX_TEXT_LENGTH = 2_000;

    /** Tags of one request, and the longest name of one, in characters. */
    static final int MAX_TAGS = 100;

    static final int MAX_TAG_NAME_LENGTH = 250;

    /** The largest api_schema, as compact JSON in UTF-8: half of what an event may be by default. */
    static final int MAX_SCHEMA_BYTES = 128 * 1024;

    private RequestReader() {}

    /**
     * Reads a registration. Unknown fields are ignored.
     *
     * @throws ErrorResponseException 422 that names everything that is wrong, in the order in which the fields are documented
     */
    static RegistrationRequest read(byte[] body) {
        RequestFields fields = new RequestFields(StrictJson.readObject(body));
        String modelName = fields.identity("model_name", MAX_IDENTITY_LENGTH);
        String version = fields.identity("version", MAX_IDENTITY_LENGTH);
        String tokenId = fields.identity("token_id", MAX_IDENTITY_LENGTH);
        String proposalIdentifier = fields.text("proposal_identifier", MAX_TEXT_LENGTH);
        String metricName = fields.text("metric_name", MAX_TEXT_LENGTH);
        double baselineValue = fields.number("baseline_value");
        double currentValue = fields.numberOr("current_value", baselineValue);
        checkMetric(fields, metricName, baselineValue, currentValue);
        RegistrationRequest request = new RegistrationRequest(
                modelName,
                version,
                tokenId,
                proposalIdentifier,
                metricName,
                baselineValue,
                currentValue,
                fields.text("mlflow_run_id", MAX_TEXT_LENGTH),
                fields.optionalUntrimmed("model_uri", MAX_TEXT_LENGTH),
                fields.optional("eval_spec", MAX_SPEC_LENGTH),
                fields.optional("scorer_ref", MAX_SPEC_LENGTH),
                fields.optional("primary_metric", MAX_SPEC_LENGTH),
                fields.optional("benchmark_spec_id", MAX_SPEC_LENGTH),
                fields.optionalObject("api_schema", MAX_SCHEMA_BYTES),
                fields.optionalTexts("tags", MAX_TAGS, MAX_TAG_NAME_LENGTH, MAX_TEXT_LENGTH));
        fields.throwIfAny();
        return request;
    }

    /** A field that is already known to be wrong is not reported a second time. */
    private static void checkMetric(RequestFields fields, String name, double baseline, double current) {
        if (fields.isRight("metric_name")) {
            Optional<Metric> metric = Metric.named(name);
            if (metric.isEmpty()) {
                fields.refuse("metric_name", "is not a known metric; it must be one of " + Metric.names());
            } else {
                checkRange(fields, metric.get(), "baseline_value", baseline);
                if (fields.isSent("current_value")) {
                    checkRange(fields, metric.get(), "current_value", current);
                }
            }
        }
        if (fields.isRight("baseline_value") && fields.isRight("current_value") && current < baseline) {
            fields.refuse("current_value", "must not be below baseline_value");
        }
    }

    private static void checkRange(RequestFields fields, Metric metric, String field, double value) {
        if (fields.isRight(field) && !metric.allows(value)) {
            fields.refuse(field, "must be " + metric.range() + " for " + metric.wireName());
        }
    }
}
