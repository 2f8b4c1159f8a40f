package ai.hokus.registry.registration;

import java.util.List;

/** What reading a request's body gave. */
sealed interface RequestReading {

    /** A registration that may be stored. */
    record Valid(RegistrationRequest request) implements RequestReading {}

    /**
     * Nothing to store.
     *
     * @param errors each thing that is wrong, at least one, in the order in which the fields are documented
     */
    record Invalid(List<FieldError> errors) implements RequestReading {}
}
