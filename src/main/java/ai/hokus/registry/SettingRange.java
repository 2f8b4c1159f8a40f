package ai.hokus.registry;

import static java.time.temporal.ChronoUnit.HOURS;
import static java.time.temporal.ChronoUnit.MICROS;
import static java.time.temporal.ChronoUnit.MILLIS;
import static java.time.temporal.ChronoUnit.MINUTES;
import static java.time.temporal.ChronoUnit.SECONDS;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.unit.DataSize;

/**
 * Checks settings at start-up. A value out of range is an {@link IllegalArgumentException} with the setting's name and a value
 * that would do. Durations and sizes are printed as settings write them: 5s, 256KB.
 */
public final class SettingRange {

    private SettingRange() {}

    /** Refuses a value below {@code min}. */
    public static <T extends Comparable<T>> void atLeast(String setting, T value, T min, String example) {
        if (value.compareTo(min) < 0) {
            throw refusal(setting, value, "at least " + text(min), example);
        }
    }

    /** Refuses a value below that of another setting. */
    public static <T extends Comparable<T>> void atLeast(String setting, T value, String otherSetting, T min) {
        if (value.compareTo(min) < 0) {
            throw refusal(setting, value, "at least " + otherSetting, text(min));
        }
    }

    /** Refuses a value below {@code min} or above {@code max}. */
    public static <T extends Comparable<T>> void between(String setting, T value, T min, T max, String example) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            throw refusal(setting, value, "between " + text(min) + " and " + text(max), example);
        }
    }

    private static IllegalArgumentException refusal(String setting, Object value, String range, String example) {
        return new IllegalArgumentException(
                setting + " is " + text(value) + "; it must be " + range + ", for example " + example);
    }

    /** As settings write it: a whole number in the largest unit that allows one, up to hours and GB. */
    public static String text(Object value) {
        if (value instanceof Duration duration) {
            return duration.isZero() ? "0s" : durationText(duration);
        }
        if (value instanceof DataSize size) {
            return size.toBytes() == 0 ? "0B" : sizeText(size.toBytes());
        }
        return value.toString();
    }

    private static String durationText(Duration duration) {
        return Stream.of(HOURS, MINUTES, SECONDS, MILLIS, MICROS)
                .filter(unit -> duration.truncatedTo(unit).equals(duration))
                .findFirst()
                .map(unit -> DurationStyle.SIMPLE.print(duration, unit))
                .orElseGet(() -> duration.toNanos() + "ns");
    }

    private static String sizeText(long bytes) {
        int thousands = Math.min(Long.numberOfTrailingZeros(bytes) / 10, 3);
        return (bytes >> (10 * thousands)) + List.of("B", "KB", "MB", "GB").get(thousands);
    }
}
