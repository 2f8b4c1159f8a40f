package ai.hokus.registry.registration;

/** The result, for one registration, of a transaction that it may share with others. */
sealed interface StoreResult permits RegistrationResult, StoreResult.StoreAlone {

    /** Not stored; to be stored alone: its model was locked, another member failed, or no writer took it in time. */
    record StoreAlone() implements StoreResult {}
}
