package ai.hokus.registry.registration;

import static ai.hokus.registry.registration.Examples.LEAST;
import static ai.hokus.registry.registration.Examples.errors;
import static ai.hokus.registry.registration.Examples.request;
import static ai.hokus.registry.registration.Examples.with;
import static ai.hokus.registry.registration.Examples.without;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.web.FieldError;
import ai.hokus.registry.web.StrictJson;
import io.swagger.v3.oas.annotations.media.Schema;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestReaderTest {

    @Test
    void what_is_optional_has_its_default() {
        assertThat(request(LEAST))
                .isEqualTo(new RegistrationRequest(
                        "churn", "3", "CHURN", "P-1", "auroc", 0.8, 0.8, "run-1", null, null, null, null, null, null,
                        Map.of()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "current_value",
                "model_uri",
                "eval_spec",
                "scorer_ref",
                "primary_metric",
                "benchmark_spec_id",
                "api_schema",
                "tags"
            })
    void null_counts_as_absent(String name) {
        assertThat(request(with(name, "null"))).isEqualTo(request(LEAST));
    }

    @Test
    void unknown_fields_are_ignored() {
        assertThat(request(with("colour", "{\"any\":[1,\"\\u0000\",null]}"))).isEqualTo(request(LEAST));
    }

    @ParameterizedTest
    @ValueSource(strings = {"model_name", "version", "token_id", "proposal_identifier", "metric_name", "mlflow_run_id"})
    void required_texts_are_trimmed_as_python_trims_them(String name) {
        RegistrationRequest plain = request(with(name, "\"mae\""));
        assertThat(request(with(name, "\" \\t\\r\\n\\u00a0\\u2003\\u0085mae\\u3000 \"")))
                .isEqualTo(plain);
    }

    @ParameterizedTest
    @ValueSource(strings = {"eval_spec", "scorer_ref", "primary_metric", "benchmark_spec_id"})
    void optional_texts_are_trimmed(String name) {
        assertThat(request(with(name, "\" a b \""))).isEqualTo(request(with(name, "\"a b\"")));
    }

    @Test
    void a_model_uri_is_left_as_it_is() {
        assertThat(request(with("model_uri", "\" models:/churn/3 \"")).modelUri())
                .isEqualTo(" models:/churn/3 ");
    }

    @Test
    void tags_and_their_order_are_left_as_they_are() {
        assertThat(request(with("tags", "{\"z\":\" 1 \",\"a\":\"\",\" \":\"ü\"}"))
                        .tags())
                .containsExactly(Map.entry("z", " 1 "), Map.entry("a", ""), Map.entry(" ", "ü"));
    }

    @Test
    void numbers_in_the_api_schema_keep_every_digit() {
        String schema = "{\"a\":1.10,\"b\":123456789012345678901234567890,\"c\":0.1000000000000000055511151231257827,"
                + "\"d\":1E+400,\"e\":[1,1.0,-0]}";
        assertThat(StrictJson.MAPPER.writeValueAsString(
                        request(with("api_schema", schema)).apiSchema()))
                .isEqualTo(schema.replace("-0]", "0]"));
    }

    @ParameterizedTest
    @CsvSource({"1,1.0", "0.25,0.25", "1e-1,0.1", "0,0.0", "-0.0,0.0"})
    void a_baseline_is_any_json_number(String json, double value) {
        assertThat(request(with("baseline_value", json)).baselineValue()).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.25", " 0.25\\n", "2.5e-1", "+.25", "0.250", "25E-2", "000.25"})
    void a_number_may_stand_in_a_string_as_python_reads_it(String text) {
        RegistrationRequest request = request(with("baseline_value", quoted(text)));

        assertThat(request.baselineValue()).isEqualTo(0.25);
        assertThat(request).isEqualTo(request(with("baseline_value", "0.25")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "0,5",
                "0x1p-1",
                "0.5f",
                "0.5d",
                "1_0",
                "NaN",
                "nan",
                "Infinity",
                "inf",
                "- 0.5",
                "--0.5",
                "1e",
                ".",
                "0.5 0.5",
                "true",
                "٠.٥",
                "1e99999999999"
            })
    void a_string_that_holds_something_else_is_refused(String text) {
        assertThat(errors(with("baseline_value", quoted(text))))
                .isEqualTo(List.of(new FieldError("baseline_value", "must be a number")));
    }

    @Test
    void a_byte_order_mark_is_skipped_once() {
        assertThat(request("\uFEFF" + LEAST)).isEqualTo(request(LEAST));
        assertThat(errors("\uFEFF\uFEFF" + LEAST)).isNotEmpty();
        assertThat(errors("\uFEFF")).isNotEmpty();
    }

    static Stream<Arguments> wrongFields() {
        String long255 = quoted("é".repeat(256));
        String long500 = quoted("😀".repeat(501));
        String long2000 = quoted("😀".repeat(2001));
        Stream.Builder<Arguments> rows = Stream.builder();
        for (String name :
                List.of("model_name", "version", "token_id", "proposal_identifier", "metric_name", "mlflow_run_id")) {
            rows.add(Arguments.of(without(name), name, "is required"));
            rows.add(Arguments.of(with(name, "null"), name, "is required"));
            addTextRows(rows, name);
        }
        for (String name : List.of("model_uri", "eval_spec", "scorer_ref", "primary_metric", "benchmark_spec_id")) {
            addTextRows(rows, name);
        }
        for (String name : List.of("model_name", "version", "token_id")) {
            rows.add(Arguments.of(with(name, long255), name, "must not be longer than 255 characters (UTF-16 units)"));
        }
        for (String name : List.of("eval_spec", "scorer_ref", "primary_metric", "benchmark_spec_id")) {
            rows.add(Arguments.of(with(name, long500), name, "must not be longer than 500 characters"));
        }
        for (String name : List.of("proposal_identifier", "mlflow_run_id", "model_uri")) {
            rows.add(Arguments.of(with(name, long2000), name, "must not be longer than 2000 characters"));
        }
        rows.add(Arguments.of(without("baseline_value"), "baseline_value", "is required"));
        for (String name : List.of("baseline_value", "current_value")) {
            for (String wrong : List.of("\"high\"", "\"\"", "true", "false", "[]", "{}")) {
                rows.add(Arguments.of(with(name, wrong), name, "must be a number"));
            }
            for (String infinite : List.of("1e400", "-1e400", "\"1e400\"", "1" + "0".repeat(400))) {
                rows.add(Arguments.of(with(name, infinite), name, "must be a number that a double can hold"));
            }
            rows.add(Arguments.of(with(name, "1.01"), name, "must be between 0 and 1 for auroc"));
        }
        rows.add(Arguments.of(with("current_value", "0.79"), "current_value", "must not be below baseline_value"));
        // In upper case, a dotless i is an I, and a long s is an S.
        for (String wrong : List.of("beauty", "prec\u0131s\u0131on", "m\u017fe")) {
            rows.add(Arguments.of(
                    with("metric_name", "\"" + wrong + "\""),
                    "metric_name",
                    "is not a known metric; it must be one of "
                            + "accuracy, auroc, auc, f1, precision, recall, reply_rate, conversion_rate, "
                            + "mse, rmse, mae, engagement_score, r2"));
        }
        for (String wrong : List.of("[]", "\"{}\"", "1", "true")) {
            rows.add(Arguments.of(with("api_schema", wrong), "api_schema", "must be a JSON object"));
            rows.add(Arguments.of(with("tags", wrong), "tags", "must be a JSON object of strings"));
        }
        for (String schema : List.of("{\"a\\u0000\":1}", "{\"a\":[{\"b\":\"\\u0000\"}]}")) {
            rows.add(Arguments.of(
                    with("api_schema", schema),
                    "api_schema",
                    "contains the character NUL (\\u0000), which cannot be stored"));
        }
        for (String schema : List.of("{\"a\\ud800\":1}", "{\"a\":[\"\\ud800\\ud800\\udc00\"]}")) {
            rows.add(Arguments.of(
                    with("api_schema", schema),
                    "api_schema",
                    "contains half of a surrogate pair (\\ud800), which no UTF-8 text can carry"));
        }
        rows.add(Arguments.of(
                with("api_schema", "{\"a\":1000E2147483647}"),
                "api_schema",
                "contains a number with an exponent beyond 10000"));
        for (String wrong : List.of("1", "null", "true", "{}", "[\"x\"]")) {
            rows.add(Arguments.of(with("tags", "{\"a\":" + wrong + "}"), "tags.a", "must be a string"));
        }
        rows.add(Arguments.of(
                with("tags", "{\"a\":\"\\u0000\"}"),
                "tags.a",
                "contains the character NUL (\\u0000), which cannot be stored"));
        rows.add(Arguments.of(
                with("tags", "{\"a\\udc00\":\"\"}"),
                "tags",
                "has a key that contains half of a surrogate pair (\\udc00), which no UTF-8 text can carry"));
        rows.add(Arguments.of(
                with("tags", "{\"a\":" + long2000 + "}"), "tags.a", "must not be longer than 2000 characters"));
        rows.add(Arguments.of(
                with("tags", "{" + long2000 + ":\"\"}"), "tags", "has a key that is longer than 250 characters"));
        return rows.build();
    }

    private static void addTextRows(Stream.Builder<Arguments> rows, String name) {
        rows.add(Arguments.of(with(name, "\"\""), name, "must not be blank"));
        rows.add(Arguments.of(with(name, "\" \\u00a0\\n\""), name, "must not be blank"));
        for (String wrong : List.of("1", "false", "[\"x\"]", "{}")) {
            rows.add(Arguments.of(with(name, wrong), name, "must be a string"));
        }
        if (!name.equals("metric_name")) {
            rows.add(Arguments.of(
                    with(name, "\"a\\u0000\""), name, "contains the character NUL (\\u0000), which cannot be stored"));
            rows.add(Arguments.of(
                    with(name, "\"\\udc00\\ud800\""),
                    name,
                    "contains half of a surrogate pair (\\udc00), which no UTF-8 text can carry"));
        }
    }

    @ParameterizedTest
    @MethodSource("wrongFields")
    void a_wrong_field_is_named_with_what_is_wrong_and_nothing_else_is(String json, String field, String message) {
        assertThat(errors(json)).isEqualTo(List.of(new FieldError(field, message)));
    }

    @Test
    void every_wrong_field_is_named() {
        assertThat(
                        errors(
                                "{\"baseline_value\":\"one\",\"current_value\":true,\"model_name\":7,\"tags\":{\"a\":1,\"b\":2}}"))
                .isEqualTo(List.of(
                        new FieldError("model_name", "must be a string"),
                        new FieldError("version", "is required"),
                        new FieldError("token_id", "is required"),
                        new FieldError("proposal_identifier", "is required"),
                        new FieldError("metric_name", "is required"),
                        new FieldError("baseline_value", "must be a number"),
                        new FieldError("current_value", "must be a number"),
                        new FieldError("mlflow_run_id", "is required"),
                        new FieldError("tags.a", "must be a string"),
                        new FieldError("tags.b", "must be a string")));
    }

    @Test
    void the_longest_texts_are_taken() {
        assertThat(errors(with("model_name", quoted(" " + "é".repeat(255) + " "))))
                .isEmpty();
        assertThat(errors(with("eval_spec", quoted(" " + "😀".repeat(500) + " "))))
                .isEmpty();
        assertThat(errors(with("model_uri", quoted("😀".repeat(2000))))).isEmpty();
        assertThat(errors(with("tags", "{\"k\":" + quoted("😀".repeat(2000)) + "}")))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "accuracy,0,1",
        "auroc,0,1",
        "auc,0,1",
        "f1,0,1",
        "precision,0,1",
        "recall,0,1",
        "reply_rate,0,1",
        "conversion_rate,0,1",
        "mse,0,",
        "rmse,0,",
        "mae,0,",
        "engagement_score,0,",
        "r2,,1",
        "AUROC,0,1",
        "Reply_Rate,0,1",
        "R2,,1"
    })
    void a_metric_has_its_range(String metric, Double least, Double most) {
        if (least != null) {
            assertThat(metricErrors(metric, least)).isEmpty();
            assertThat(metricErrors(metric, Math.nextDown(least))).isNotEmpty();
        } else {
            assertThat(metricErrors(metric, -Double.MAX_VALUE)).isEmpty();
        }
        if (most != null) {
            assertThat(metricErrors(metric, most)).isEmpty();
            assertThat(metricErrors(metric, Math.nextUp(most))).isNotEmpty();
        } else {
            assertThat(metricErrors(metric, Double.MAX_VALUE)).isEmpty();
        }
    }

    private static List<FieldError> metricErrors(String metric, double value) {
        return errors(with("metric_name", quoted(metric)).replace("0.8", Double.toString(value)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "{}}",
                "{} {}",
                "{\"model_name\":}",
                "{'a':1}",
                "{\"a\":NaN}",
                "{\"a\":01}",
                "{\"a\":\"\n\"}",
                "{\"a\":1,\"a\":2}",
                "{\"tags\":{\"a\":\"1\",\"a\":\"2\"}}",
                "[]",
                "null",
                "\"{}\"",
                "1",
                "{\"a\":1e99999999999}"
            })
    void a_body_that_is_no_json_object_is_refused_whole(String body) {
        assertThat(errors(body)).extracting(FieldError::field).containsExactly("body");
    }

    @Test
    void a_body_that_is_nested_too_deep_is_refused_whole() {
        assertThat(errors(with("api_schema", nested(99)))).isEmpty();
        assertThat(errors(with("api_schema", nested(100))))
                .extracting(FieldError::field)
                .containsExactly("body");
    }

    @Test
    void a_body_that_is_not_utf8_is_refused() {
        assertThat(errors(with("model_name", "\"é\"").getBytes(StandardCharsets.ISO_8859_1)))
                .isEqualTo(List.of(new FieldError("body", "is not UTF-8")));
    }

    @Test
    void the_description_of_the_api_names_the_metrics_that_are_taken() throws NoSuchFieldException {
        String description = RegistrationRequest.class
                .getDeclaredField("metricName")
                .getAnnotation(Schema.class)
                .description();

        assertThat(description.replaceAll(" ?\\([^)]*\\)", "")).startsWith(Metric.names() + ";");
    }

    private static String nested(int levels) {
        return "{\"a\":".repeat(levels - 1) + "{}" + "}".repeat(levels - 1);
    }

    private static String quoted(String text) {
        return "\"" + text + "\"";
    }
}
