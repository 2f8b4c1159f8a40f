package ai.hokus.registry.status;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.CommittedMessage;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.support.SettableClock;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.dao.TransientDataAccessResourceException;

class RegistrationOutcomesTest {

    private static final CommittedMessage MESSAGE =
            new CommittedMessage(new NewMessage(UUID.randomUUID(), "m", "t", "{}"), 0);

    private final SettableClock clock = new SettableClock();
    private final RegistrationOutcomes outcomes = new RegistrationOutcomes(clock);

    @Test
    void registrations_that_fail_one_after_the_other_for_a_while_are_believed() {
        fail("first");
        fail("second");
        fail("third");
        assertThat(outcomes.failing()).as("a busy moment").isEmpty();

        clock.advance(RegistrationOutcomes.MIN_DURATION);
        fail("disk full");

        assertThat(outcomes.failing())
                .hasValueSatisfying(error -> assertThat(error).contains("SQLException: disk full"));
    }

    @Test
    void two_that_fail_prove_nothing_however_far_apart() {
        fail("first");
        clock.advance(RegistrationOutcomes.MIN_DURATION.multipliedBy(2));
        fail("second");

        assertThat(outcomes.failing()).isEmpty();
    }

    @Test
    void one_that_is_stored_ends_it() {
        failForAWhile();
        assertThat(outcomes.failing()).isPresent();

        outcomes.committed(MESSAGE);

        assertThat(outcomes.failing()).isEmpty();
        fail("again");
        clock.advance(RegistrationOutcomes.MIN_DURATION);
        fail("again");
        assertThat(outcomes.failing()).as("counted from the beginning").isEmpty();
    }

    @Test
    void without_any_for_a_while_nothing_is_known() {
        failForAWhile();

        clock.advance(RegistrationOutcomes.FORGOTTEN_AFTER);
        assertThat(outcomes.failing()).isPresent();
        clock.advance(Duration.ofMillis(1));

        assertThat(outcomes.failing()).isEmpty();
        fail("later");
        assertThat(outcomes.failing()).as("counted from the beginning").isEmpty();
    }

    private void failForAWhile() {
        fail("first");
        clock.advance(RegistrationOutcomes.MIN_DURATION);
        fail("second");
        fail("third");
    }

    private void fail(String why) {
        outcomes.failed(new TransientDataAccessResourceException("could not store", new SQLException(why)));
    }
}
