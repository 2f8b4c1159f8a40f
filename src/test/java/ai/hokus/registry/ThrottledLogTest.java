package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class ThrottledLogTest {

    private long now = Long.MAX_VALUE - 5;

    @Test
    void a_burst_is_one_line_a_minute_that_counts_the_others(CapturedOutput output) {
        ThrottledLog log = new ThrottledLog(LoggerFactory.getLogger(ThrottledLogTest.class), () -> now);

        for (int n = 1; n <= 1000; n++) {
            int number = n;
            log.warn(() -> "request " + number + " was refused.");
        }
        now += Duration.ofMinutes(1).toNanos() - 1;
        log.warn(() -> "request 1001 was refused.");
        now++;
        log.warn(() -> "request 1002 was refused.");

        assertThat(output.getOut().lines().filter(line -> line.contains("was refused")))
                .satisfiesExactly(
                        first -> assertThat(first).endsWith("request 1 was refused."),
                        second -> assertThat(second)
                                .endsWith(
                                        "request 1002 was refused. There were 1000 more since this was last logged."));
    }
}
