package ai.hokus.registry.registration;

import ai.hokus.registry.registration.ParseResult.Invalid;
import ai.hokus.registry.registration.ParseResult.Valid;
import ai.hokus.registry.web.StrictJson;
import java.util.List;
import java.util.Optional;

/** Reads a request's body: every rule about what a client may send stands here. */
final class RequestReader {

    /**
     * Longest model_name, version and token_id, in UTF-16 units, which is how H2 counts a VARCHAR. One unit takes at most
     * three bytes in UTF-8, so the three together take at most 2,295: a row of PostgreSQL's unique index holds 2,704.
     */
    static final int LONGEST_IDENTITY = 255;

    /** Longest eval_spec, scorer_ref, primary_metric and benchmark_spec_id, in characters. */
    static final int LONGEST_SPEC = 500;

    /** Longest other text, in characters. */
    static final int LONGEST_TEXT = 2_000;

    /** Tags of one request, and the longest name of one, in characters. */
    static final int MOST_TAGS = 100;

    static final int LONGEST_TAG_NAME = 250;

    /** The largest api_schema, as compact JSON in UTF-8: half of what an event may be by default. */
    static final int LARGEST_SCHEMA = 128 * 1024;

    private RequestReader() {}

    /** Names everything that is wrong, not only the first thing. Unknown fields are ignored. */
    static ParseResult read(byte[] body) {
        StrictJson.Body json = StrictJson.readObject(body);
        return json instanceof StrictJson.Body.JsonObject object
                ? check(new RequestFields(object.fields()))
                : new Invalid(List.of(((StrictJson.Body.Malformed) json).error()));
    }

    private static ParseResult check(RequestFields fields) {
        String modelName = fields.identity("model_name", LONGEST_IDENTITY);
        String version = fields.identity("version", LONGEST_IDENTITY);
        String tokenId = fields.identity("token_id", LONGEST_IDENTITY);
        String proposalIdentifier = fields.text("proposal_identifier", LONGEST_TEXT);
        String metricName = fields.text("metric_name", LONGEST_TEXT);
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
                fields.text("mlflow_run_id", LONGEST_TEXT),
                fields.optionalUntrimmed("model_uri", LONGEST_TEXT),
                fields.optional("eval_spec", LONGEST_SPEC),
                fields.optional("scorer_ref", LONGEST_SPEC),
                fields.optional("primary_metric", LONGEST_SPEC),
                fields.optional("benchmark_spec_id", LONGEST_SPEC),
                fields.optionalObject("api_schema", LARGEST_SCHEMA),
                fields.optionalTexts("tags", MOST_TAGS, LONGEST_TAG_NAME, LONGEST_TEXT));
        return fields.errors().isEmpty() ? new Valid(request) : new Invalid(fields.errors());
    }

    /** What is already known to be wrong is not reported a second time. */
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
