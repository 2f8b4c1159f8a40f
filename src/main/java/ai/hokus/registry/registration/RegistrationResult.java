package ai.hokus.registry.registration;

/** What became of a registration. Only {@link #REGISTERED} has written anything. */
enum RegistrationResult implements StoreResult {

    /** It is on disk, together with its message. */
    REGISTERED,

    /** The same registration was stored before, with its message, and is on disk. */
    ALREADY_REGISTERED,

    /** A registration of the same model, version and token is stored, with other content. */
    CONFLICT
}
