package ai.hokus.registry.registration;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The metrics that a registration can be about, and the values each can have. */
enum Metric {
    ACCURACY(0, 1),
    AUROC(0, 1),
    AUC(0, 1),
    F1(0, 1),
    PRECISION(0, 1),
    RECALL(0, 1),
    REPLY_RATE(0, 1),
    CONVERSION_RATE(0, 1),
    MSE(0, Double.POSITIVE_INFINITY),
    RMSE(0, Double.POSITIVE_INFINITY),
    MAE(0, Double.POSITIVE_INFINITY),
    ENGAGEMENT_SCORE(0, Double.POSITIVE_INFINITY),
    R2(Double.NEGATIVE_INFINITY, 1);

    private final double min;
    private final double max;

    Metric(double min, double max) {
        this.min = min;
        this.max = max;
    }

    /** The metric of this name, upper or lower case. A name that is like one only in upper case, as with a dotless i, is none. */
    static Optional<Metric> named(String name) {
        String lowerCase = name.toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(metric -> metric.wireName().equals(lowerCase))
                .findFirst();
    }

    /** For people: {@code accuracy, auroc, ...}. */
    static String names() {
        return Arrays.stream(values()).map(Metric::wireName).collect(Collectors.joining(", "));
    }

    String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    boolean allows(double value) {
        return min <= value && value <= max;
    }

    /** For people, to follow "must be". */
    String range() {
        if (Double.isInfinite(max)) {
            return "at least " + (long) min;
        }
        return Double.isInfinite(min) ? "at most " + (long) max : "between " + (long) min + " and " + (long) max;
    }
}
