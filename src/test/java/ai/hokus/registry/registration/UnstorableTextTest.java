package ai.hokus.registry.registration;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Text that passes every rule of ours, and that a PostgreSQL cannot hold: its encoding has no such character, for example. */
@ExtendWith(OutputCaptureExtension.class)
class UnstorableTextTest {

    private static final String EVENTS = "/models/tokenized-registration-events";

    /** As the server says it itself: untranslatable_character, character_not_in_repertoire, string_data_right_truncation. */
    private static final String REFUSING_SQL = """
            CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'character has no equivalent in encoding' USING ERRCODE = '%s';
            END $$;
            CREATE TRIGGER refusing BEFORE INSERT ON registration FOR EACH ROW
            WHEN (NEW.model_name = 'emoji') EXECUTE FUNCTION refuse()
            """;

    @ParameterizedTest
    @ValueSource(strings = {"22P05", "22021", "22001"})
    void is_422_and_harms_nobody_else(String sqlState, CapturedOutput log) {
        try (RunningService service = RunningService.on(TestDatabase.POSTGRESQL, Map.of())) {
            service.jdbc().execute(REFUSING_SQL.formatted(sqlState));

            HttpResponse<String> answer = service.post(EVENTS, RunningService.registration("emoji", "1"));

            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(422);
            assertThat(answer.body()).contains("the database cannot store", "\"field\":\"body\"");
            service.register("plain", "1");
            assertThat(service.jdbc().queryForList("SELECT model_name FROM registration", String.class))
                    .containsExactly("plain");
            assertThat(log.getOut()).doesNotContain("nobody foresaw", "\tat ");
        }
    }

    /** A rule of the database that was broken otherwise is a mistake of ours, and says so. */
    @Test
    void is_told_apart_from_a_mistake_of_ours(CapturedOutput log) {
        try (RunningService service = RunningService.on(TestDatabase.POSTGRESQL, Map.of())) {
            service.jdbc().execute(REFUSING_SQL.formatted("23514"));

            assertThat(service.post(EVENTS, RunningService.registration("emoji", "1"))
                            .statusCode())
                    .isEqualTo(500);
            assertThat(log.getOut()).contains("nobody foresaw");
        }
    }

    @Test
    void is_told_apart_from_a_right_that_the_services_role_lacks(CapturedOutput log) {
        try (RunningService service = RunningService.on(TestDatabase.POSTGRESQL, Map.of())) {
            service.jdbc().execute(REFUSING_SQL.formatted("42501"));

            assertThat(service.post(EVENTS, RunningService.registration("emoji", "1"))
                            .statusCode())
                    .isEqualTo(503);
            service.register("plain", "1");
            assertThat(log.getOut()).contains("nothing was stored").doesNotContain("nobody foresaw", "\tat ");
        }
    }
}
