package ai.hokus.registry;

import java.time.Duration;
import org.springframework.boot.convert.DurationStyle;

/** Refuses values of settings, at the start, with the setting's name and a value that would do. */
public final class SettingRange {

    private SettingRange() {}

    /**
     * Refuses less.
     *
     * @throws IllegalArgumentException if the value is less than {@code min}
     */
    public static <T extends Comparable<T>> void atLeast(String setting, T value, T min, String example) {
        if (value.compareTo(min) < 0) {
            throw refusal(setting, value, "at least " + text(min), example);
        }
    }

    /**
     * Refuses less, and more.
     *
     * @throws IllegalArgumentException if the value is less than {@code min} or more than {@code max}
     */
    public static <T extends Comparable<T>> void between(String setting, T value, T min, T max, String example) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            throw refusal(setting, value, "between " + text(min) + " and " + text(max), example);
        }
    }

    private static IllegalArgumentException refusal(String setting, Object value, String range, String example) {
        return new IllegalArgumentException(
                setting + " is " + text(value) + "; it must be " + range + ", for example " + example);
    }

    private static String text(Object value) {
        return value instanceof Duration duration ? DurationStyle.SIMPLE.print(duration) : value.toString();
    }
}
