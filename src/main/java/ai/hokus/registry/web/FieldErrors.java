package ai.hokus.registry.web;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Everything that is wrong with one request, in the order in which it was found. Confined to one thread. */
public class FieldErrors {

    private final List<FieldError> errors = new ArrayList<>();

    /** Notes what is wrong; see {@link FieldError}. */
    public final void refuse(String name, String message) {
        errors.add(new FieldError(name, message));
    }

    /** Notes a text that cannot be stored. Null counts as absent, which is no error. */
    public final void refuseUnstorable(String name, @Nullable String text) {
        if (text != null) {
            TextRules.unstorable(text).ifPresent(reason -> refuse(name, reason));
        }
    }

    /** Whether nothing was wrong with this field so far. */
    public final boolean isRight(String name) {
        return errors.stream().noneMatch(error -> error.field().equals(name));
    }

    public final boolean isRight() {
        return errors.isEmpty();
    }

    /** Throws, after every field was read, a 422 that names everything that is wrong. */
    public final void throwIfAny() {
        if (!errors.isEmpty()) {
            throw Problem.exception(errors);
        }
    }
}
