package ai.hokus.registry.registration;

/** What a transaction that several registrations share did with one of them. */
sealed interface StoreResult permits RegistrationResult, StoreResult.StoreAlone {

    /** It was not stored, and another transaction may store it: its model was locked, or another member's failure ended this one. */
    record StoreAlone() implements StoreResult {}
}
