package ai.hokus.registry.registration;

import ai.hokus.registry.registration.RegistrationQueryController.PageRequest;
import ai.hokus.registry.web.FieldErrors;
import org.jspecify.annotations.Nullable;
import org.springframework.web.ErrorResponseException;

/** Null is any model, or any version of the model; {@code after} is the last id that the client has seen. */
record RegistrationQuery(
        @Nullable String modelName, @Nullable String version, int limit, long after) {

    static final int DEFAULT_LIMIT = 50;

    static final int MAX_LIMIT = 200;

    /** A page ends with the registration that reaches it. 200 registrations of the usual size are 200 KB, of the largest 50 MB. */
    static final int MAX_BYTES = 4 * 1024 * 1024;

    /**
     * Reads the parameters of the URL; null: absent.
     *
     * @throws ErrorResponseException 422 that names everything that is wrong
     */
    static RegistrationQuery read(@Nullable String modelName, @Nullable String version, PageRequest page) {
        FieldErrors errors = new FieldErrors();
        errors.refuseUnstorable("name", modelName);
        errors.refuseUnstorable("version", version);
        if (version != null && modelName == null) {
            errors.refuse("version", "needs name too: registrations are found by their model");
        }
        long limit = number("limit", page.limit(), DEFAULT_LIMIT, 1, MAX_LIMIT, errors);
        long after = number("after", page.after(), 0, 0, Long.MAX_VALUE, errors);
        errors.throwIfAny();
        return new RegistrationQuery(modelName, version, (int) limit, after);
    }

    private static long number(
            String name, @Nullable String text, long absent, long min, long max, FieldErrors errors) {
        if (text == null) {
            return absent;
        }
        try {
            long number = Long.parseLong(text);
            if (min <= number && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Refused below, like a number out of range.
        }
        errors.refuse(name, "must be a whole number between " + min + " and " + max);
        return absent;
    }
}
