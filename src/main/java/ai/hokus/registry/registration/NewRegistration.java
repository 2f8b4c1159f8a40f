package ai.hokus.registry.registration;

import ai.hokus.registry.outbox.NewMessage;
import org.springframework.jdbc.core.namedparam.SqlParameterSource;

/**
 * A registration to store, with everything that can be made before a writer takes it.
 *
 * @param row of the table {@code registration}
 */
record NewRegistration(RegistrationEvent event, String fingerprint, NewMessage message, SqlParameterSource row) {

    NewRegistration(RegistrationEvent event, String fingerprint, NewMessage message) {
        this(event, fingerprint, message, RegistrationRepository.row(event, fingerprint, message.messageId()));
    }

    String modelName() {
        return event.request().modelName();
    }
}
