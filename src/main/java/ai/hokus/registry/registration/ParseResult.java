package ai.hokus.registry.registration;

import ai.hokus.registry.web.FieldError;
import java.util.List;

/** What reading a request's body gave. */
sealed interface ParseResult {

    /** A registration that may be stored. */
    record Valid(RegistrationRequest request) implements ParseResult {}

    /**
     * Nothing to store.
     *
     * @param errors each thing that is wrong, at least one, in the order in which the fields are documented
     */
    record Invalid(List<FieldError> errors) implements ParseResult {}
}
