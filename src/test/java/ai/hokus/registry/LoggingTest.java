package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class LoggingTest {

    @Test
    void without_redis_each_accepted_registration_leaves_a_line_and_a_flood_is_summed_up(CapturedOutput output) {
        try (RunningService service =
                RunningService.on(TestDatabase.H2, Map.of("logging.level.ai.hokus.registry.status", "info"))) {
            for (int n = 0; n < 200; n++) {
                service.register("model-" + n, "1");
            }
            List<String> lines = output.getOut()
                    .lines()
                    .filter(line -> line.contains("waits in the outbox"))
                    .toList();

            assertThat(lines).first().asString().contains("of model model-0, partition 0, waits in the outbox");
            assertThat(lines).hasSizeBetween(10, 199);
            assertThat(output.getOut()).doesNotContain("\"baseline_value\"");
        }
    }

    @Test
    void a_request_keeps_the_id_that_it_brings_if_that_is_harmless() {
        try (RunningService service = RunningService.on(TestDatabase.H2, Map.of())) {
            assertThat(service.get("/live", "X-Request-Id", "abc-1").headers().firstValue("X-Request-Id"))
                    .hasValue("abc-1");
            assertThat(service.get("/live", "X-Request-Id", "a b\tc").headers().firstValue("X-Request-Id"))
                    .hasValueSatisfying(id -> assertThat(id).hasSize(36));
            assertThat(service.get("/live").headers().firstValue("X-Request-Id"))
                    .hasValueSatisfying(id -> assertThat(id).hasSize(36));
        }
    }
}
