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

    private final double least;
    private final double most;

    Metric(double least, double most) {
        this.least = least;
        this.most = most;
    }

    /** The metric of this name, upper or lower case. */
    static Optional<Metric> named(String name) {
        return Arrays.stream(values())
                .filter(metric -> metric.wireName().equalsIgnoreCase(name))
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
        return least <= value && value <= most;
    }

    /** For people, to follow "must be". */
    String range() {
        if (Double.isInfinite(most)) {
            return "at least " + (long) least;
        }
        return Double.isInfinite(least) ? "at most " + (long) most : "between " + (long) least + " and " + (long) most;
    }
}
