package ai.hokus.registry.registration;

import ai.hokus.registry.outbox.NewMessage;

/** A registration to store, with everything that can be made before the database is asked. */
record NewRegistration(RegistrationEvent event, String fingerprint, NewMessage message) {

    String modelName() {
        return event.request().modelName();
    }
}
