package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.unit.DataSize;

class SettingRangeTest {

    @ParameterizedTest
    @CsvSource({
        "PT0S, 0s",
        "PT0.005S, 5ms",
        "PT5S, 5s",
        "PT1.5S, 1500ms",
        "PT1M, 1m",
        "PT24H, 24h",
        "PT-1S, -1s",
        "PT0.000000001S, 1ns"
    })
    void a_duration_is_printed_as_settings_have_it_and_can_be_one(Duration duration, String printed) {
        assertThat(SettingRange.text(duration)).isEqualTo(printed);
        assertThat(DurationStyle.detectAndParse(printed)).isEqualTo(duration);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0B",
        "1, 1B",
        "1000, 1000B",
        "262144, 256KB",
        "4194304, 4MB",
        "2147483648, 2GB",
        "4398046511104, 4096GB"
    })
    void a_size_is_printed_as_settings_have_it_and_can_be_one(long bytes, String printed) {
        assertThat(SettingRange.text(DataSize.ofBytes(bytes))).isEqualTo(printed);
        assertThat(DataSize.parse(printed)).isEqualTo(DataSize.ofBytes(bytes));
    }

    @Test
    void a_refusal_names_the_setting_its_value_its_range_and_a_value_that_would_do() {
        Duration second = Duration.ofSeconds(1);
        assertThatThrownBy(
                        () -> SettingRange.between("a.wait", Duration.ofMillis(5), second, Duration.ofHours(1), "1m"))
                .hasMessage("a.wait is 5ms; it must be between 1s and 1h, for example 1m");
        assertThatThrownBy(() -> SettingRange.atLeast("a.wait", Duration.ZERO, "a.pause", second))
                .hasMessage("a.wait is 0s; it must be at least a.pause, for example 1s");
    }
}
