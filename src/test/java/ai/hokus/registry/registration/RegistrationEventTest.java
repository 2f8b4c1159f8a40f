package ai.hokus.registry.registration;

import static ai.hokus.registry.registration.Examples.LEAST;
import static ai.hokus.registry.registration.Examples.NOON;
import static ai.hokus.registry.registration.Examples.request;
import static ai.hokus.registry.registration.Examples.with;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistrationEventTest {

    @Test
    void the_least_registration_gives_every_key() {
        assertThat(event(LEAST).payload()).isEqualTo("""
                {"model_id":"churn/3/CHURN","token_symbol":"CHURN","metric_name":"auroc","baseline_value":0.8,\
                "current_value":0.8,"model_name":"churn","model_version":"3","mlflow_run_id":"run-1",\
                "status":"registered","proposal_identifier":"P-1","improvement_percentage":0.0,\
                "contributor_address":null,"experiment_name":null,\
                "tags":{"user_id":"ada","proposal_identifier":"P-1"},"api_schema":null,"eval_spec":null,\
                "scorer_ref":null,"primary_metric":null,"benchmark_spec_id":null,\
                "timestamp":"2026-11-22T12:00:00.120456","message_version":"1.0"}""");
    }

    @Test
    void the_full_registration_is_delivered_as_it_was_sent() {
        String full = """
                {"tags":{"z":"Größe 😀","user_id":"mallory","hokusai.scorer_ref":"old"},
                 "api_schema":{"b":[1.10, {"c":123456789012345678901234567890}], "a":null},
                 "benchmark_spec_id":"b","primary_metric":"p","scorer_ref":"s","eval_spec":"e","model_uri":"m:/1",
                 "current_value":3,"baseline_value":2,"metric_name":"MAE","mlflow_run_id":"run",
                 "proposal_identifier":"Ω\\"/","token_id":"T","version":"1.0","model_name":"naïve/日本"}""";
        assertThat(event(full).payload()).isEqualTo("""
                {"model_id":"naïve/日本/1.0/T","token_symbol":"T","metric_name":"MAE","baseline_value":2.0,\
                "current_value":3.0,"model_name":"naïve/日本","model_version":"1.0","mlflow_run_id":"run",\
                "status":"registered","proposal_identifier":"Ω\\"/","improvement_percentage":50.0,\
                "contributor_address":null,"experiment_name":null,\
                "tags":{"z":"Größe 😀","user_id":"ada","hokusai.scorer_ref":"s","proposal_identifier":"Ω\\"/",\
                "hokusai.eval_spec":"e","hokusai.primary_metric":"p","hokusai.benchmark_spec_id":"b"},\
                "api_schema":{"b":[1.10,{"c":123456789012345678901234567890}],"a":null},"eval_spec":"e",\
                "scorer_ref":"s","primary_metric":"p","benchmark_spec_id":"b",\
                "timestamp":"2026-11-22T12:00:00.120456","message_version":"1.0"}""");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | P-1",
                "{\"proposal_identifier\":\"own\",\"proposal_ticker\":\"t\"} | own",
                "{\"proposal_ticker\":\"t\",\"ticker\":\"x\"} | P-1",
                "{\"proposal_identifier\":\" \",\"proposal_ticker\":\"t\",\"canonical_identifier\":\"c\"} | t",
                "{\"proposal_identifier\":\"\",\"canonical_identifier\":\"c\",\"ticker\":\"x\"} | c",
                "{\"proposal_identifier\":\"\",\"canonical_identifier\":\"\",\"ticker\":\"x\"} | x",
                "{\"proposal_identifier\":\"\",\"ticker\":\" \"} | CHURN"
            })
    void the_tags_name_the_proposal(String tags, String proposal) {
        assertThat(event(with("tags", tags)).proposalIdentifier()).isEqualTo(proposal);
    }

    @Test
    void a_proposal_tag_that_the_client_set_stays_even_when_blank() {
        assertThat(event(with("tags", "{\"proposal_identifier\":\"\"}")).tags())
                .isEqualTo(Map.of("proposal_identifier", "", "user_id", "ada"));
    }

    @ParameterizedTest
    @CsvSource({
        "0.8, 0.9, 12.499999999999996",
        "2, 3, 50.0",
        "0, 3, null",
        "1e-320, 1e300, null",
        "1, 1, 0.0",
    })
    void an_improvement_is_told_in_per_cent_of_a_positive_baseline(String baseline, String current, String told) {
        String request = with("current_value", current)
                .replace("\"baseline_value\":0.8", "\"baseline_value\":" + baseline)
                .replace("auroc", "mae");
        assertThat(event(request).payload()).contains("\"improvement_percentage\":" + told + ",");
    }

    @Test
    void an_improvement_on_a_negative_baseline_is_not_told() {
        String request = with("current_value", "0.5").replace("0.8", "-0.5").replace("auroc", "r2");
        assertThat(event(request).payload()).contains("\"improvement_percentage\":null,");
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-22T21:30:00Z, 2026-11-22T21:30:00.000000",
        "2026-11-22T21:30:00.5Z, 2026-11-22T21:30:00.500000",
        "2026-01-02T03:04:05.123456999Z, 2026-01-02T03:04:05.123456",
    })
    void a_timestamp_always_has_six_digits_and_no_zone(Instant instant, String told) {
        assertThat(RegistrationEvent.of(request(LEAST), "ada", instant).payload())
                .contains("\"timestamp\":\"" + told + "\"");
    }

    private static RegistrationEvent event(String json) {
        return RegistrationEvent.of(request(json), "ada", NOON);
    }
}
