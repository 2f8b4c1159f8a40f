package ai.hokus.registry.registration;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class RegistrationSettingsTest {

    @Test
    void a_limit_that_is_none_is_refused_by_name() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RegistrationSettings(DataSize.ofBytes(0), DataSize.ofMegabytes(1), 150, 1))
                .withMessageStartingWith("registry.registration.max-payload is 0B");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RegistrationSettings(DataSize.ofKilobytes(256), DataSize.ofGigabytes(1), 150, 1))
                .withMessageStartingWith("registry.registration.max-body is");
        for (int writers : new int[] {0, 5}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            new RegistrationSettings(DataSize.ofKilobytes(256), DataSize.ofMegabytes(1), 150, writers))
                    .withMessageStartingWith("registry.registration.group-commit-writers is " + writers);
        }
    }

    @Test
    void a_body_smaller_than_a_payload_is_refused() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new RegistrationSettings(DataSize.ofKilobytes(256), DataSize.ofKilobytes(255), 150, 1))
                .withMessageContaining(
                        "is 255KB; it must be at least registry.registration.max-payload, for example 256KB");
    }
}
