package ai.hokus.registry.registration;

import ai.hokus.registry.web.FieldError;
import ai.hokus.registry.web.TextRules;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which registrations a client wants to read.
 *
 * @param modelName only of this model
 * @param version only of this version
 * @param limit at most so many
 * @param after only those with a greater id
 */
record RegistrationQuery(
        @Nullable String modelName, @Nullable String version, int limit, long after) {

    static final int DEFAULT_LIMIT = 50;

    /** 200 registrations of the largest payload are 50 MB; of the usual one, 200 KB. */
    static final int LARGEST_LIMIT = 200;

    /** What reading the parameters gave. */
    sealed interface Reading {

        record Valid(RegistrationQuery query) implements Reading {}

        record Invalid(List<FieldError> errors) implements Reading {}
    }

    /** Reads the parameters as they stand in the URL; {@code null} is absent. Names everything that is wrong. */
    static Reading read(
            @Nullable String modelName, @Nullable String version, @Nullable String limit, @Nullable String after) {
        List<FieldError> errors = new ArrayList<>();
        refuseUnstorable("name", modelName, errors);
        refuseUnstorable("version", version, errors);
        long readLimit = number("limit", limit, DEFAULT_LIMIT, 1, LARGEST_LIMIT, errors);
        long readAfter = number("after", after, 0, 0, Long.MAX_VALUE, errors);
        return errors.isEmpty()
                ? new Reading.Valid(new RegistrationQuery(modelName, version, (int) readLimit, readAfter))
                : new Reading.Invalid(errors);
    }

    private static void refuseUnstorable(String name, @Nullable String text, List<FieldError> errors) {
        if (text != null) {
            TextRules.unstorable(text).ifPresent(reason -> errors.add(new FieldError(name, reason)));
        }
    }

    private static long number(
            String name, @Nullable String text, long absent, long least, long most, List<FieldError> errors) {
        if (text == null) {
            return absent;
        }
        try {
            long number = Long.parseLong(text);
            if (least <= number && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below, like a number out of range.
        }
        errors.add(new FieldError(name, "must be a whole number between " + least + " and " + most));
        return absent;
    }
}
