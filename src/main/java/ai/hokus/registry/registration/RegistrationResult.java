package ai.hokus.registry.registration;

import java.util.UUID;

/** What came of a registration. Only {@link Registered} has written anything. */
sealed interface RegistrationResult {

    /** It is on disk, together with this message. */
    record Registered(UUID messageId) implements RegistrationResult {}

    /** The same registration is stored already, and its message was written then. */
    record AlreadyRegistered() implements RegistrationResult {}

    /** A registration of the same model, version and token is stored, with other content. */
    record Conflict() implements RegistrationResult {}

    /** Its event would be larger than {@code registry.registration.max-payload}. Sizes in bytes of UTF-8. */
    record TooLarge(long payload, long largest) implements RegistrationResult {}
}
