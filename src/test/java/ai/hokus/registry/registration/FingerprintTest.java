package ai.hokus.registry.registration;

import static ai.hokus.registry.registration.Examples.LEAST;
import static ai.hokus.registry.registration.Examples.NOON;
import static ai.hokus.registry.registration.Examples.request;
import static ai.hokus.registry.registration.Examples.with;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FingerprintTest {

    /** It is stored: if this test must change, every registration of before, sent again, becomes a conflict. */
    @Test
    void a_fingerprint_never_changes() {
        String full = with("api_schema", "{\"b\":[1,2.50,null,true,\"x\"],\"a\":{}}");
        assertThat(fingerprint(full, "ada"))
                .isEqualTo("a62d300f57e5447e9f7fc0a228235b1dbb9e20bc9045a930e756a4a6bb349a42");
    }

    @Test
    void the_same_said_otherwise_has_the_same_fingerprint() {
        Set<String> prints = new HashSet<>();
        for (String same : List.of(
                LEAST,
                with("model_name", "\" churn \""),
                with("baseline_value", "8e-1"),
                with("current_value", "0.80"),
                with("tags", "{}"),
                with("tags", "{\"user_id\":\"mallory\"}"),
                with("tags", "{\"proposal_identifier\":\"P-1\"}"),
                with("colour", "\"red\""),
                with("eval_spec", "null"))) {
            prints.add(fingerprint(same, "ada"));
            prints.add(fingerprint(same, "bob"));
        }
        assertThat(prints).hasSize(1);
    }

    @Test
    void neither_the_order_of_keys_nor_the_spelling_of_numbers_counts() {
        assertThat(fingerprint(with("api_schema", "{\"a\":{\"x\":1.0,\"y\":[10]},\"b\":0.0}"), "ada"))
                .isEqualTo(fingerprint(with("api_schema", "{ \"b\":0, \"a\":{\"y\":[1e1],\"x\":1}}"), "ada"));
        assertThat(fingerprint(with("tags", "{\"a\":\"1\",\"b\":\"2\"}"), "ada"))
                .isEqualTo(fingerprint(with("tags", "{\"b\":\"2\",\"a\":\"1\"}"), "ada"));
    }

    @Test
    void whatever_a_client_says_counts() {
        List<String> different = List.of(
                LEAST,
                with("model_name", "\"other\""),
                with("version", "\"other\""),
                with("token_id", "\"other\""),
                with("proposal_identifier", "\"other\""),
                with("metric_name", "\"auc\""),
                with("baseline_value", "0.7"),
                with("current_value", "0.9"),
                with("mlflow_run_id", "\"other\""),
                with("model_uri", "\"other\""),
                with("eval_spec", "\"other\""),
                with("scorer_ref", "\"other\""),
                with("primary_metric", "\"other\""),
                with("benchmark_spec_id", "\"other\""),
                with("api_schema", "{}"),
                with("api_schema", "{\"a\":1}"),
                with("api_schema", "{\"a\":\"1\"}"),
                with("api_schema", "{\"a\":[1]}"),
                with("api_schema", "{\"a\":[1,2]}"),
                with("api_schema", "{\"a\":[12]}"),
                with("api_schema", "{\"a\":[2,1]}"),
                with("api_schema", "{\"a\":null}"),
                with("api_schema", "{\"a\":\"null\"}"),
                with("tags", "{\"a\":\"bc\"}"),
                with("tags", "{\"ab\":\"c\"}"),
                with("tags", "{\"proposal_identifier\":\"other\"}"));
        assertThat(different.stream().map(json -> fingerprint(json, "ada")).distinct())
                .hasSameSizeAs(different);
    }

    private static String fingerprint(String json, String userId) {
        return Fingerprint.of(RegistrationEvent.of(request(json), userId, NOON));
    }
}
