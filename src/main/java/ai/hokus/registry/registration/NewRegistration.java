package ai.hokus.registry.registration;

import ai.hokus.registry.outbox.NewMessage;
import org.springframework.jdbc.core.namedparam.SqlParameterSource;

/** A registration to store, and {@code row}, its table row: everything that can be made before a writer takes it. */
record NewRegistration(RegistrationEvent event, String fingerprint, NewMessage message, SqlParameterSource row) {

    NewRegistration(RegistrationEvent event, String fingerprint, NewMessage message) {
        this(event, fingerprint, message, RegistrationRepository.row(event, fingerprint, message.messageId()));
    }

    String modelName() {
        return event.request().modelName();
    }
}
