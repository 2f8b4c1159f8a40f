package ai.hokus.registry.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.consumers.TakenMessages.Seen;
import ai.hokus.registry.outbox.Checkpoint;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class TakenPositionsTest {

    private static final Instant START = Instant.parse("2026-11-25T12:00:00Z");

    private final TakenPositions positions = new TakenPositions();

    @Test
    void a_message_was_taken_at_the_first_look_that_found_it_taken() {
        saw(10, 4, 1, 0);
        saw(10, 6, 1, 5);
        saw(12, 6, 1, 10);
        saw(12, 12, 1, 15);

        assertThat(positions.takenAt(0, 4)).as("before the first look").isNull();
        assertThat(positions.takenAt(0, 5)).isEqualTo(START.plusSeconds(5));
        assertThat(positions.takenAt(0, 6)).isEqualTo(START.plusSeconds(5));
        assertThat(positions.takenAt(0, 7)).isEqualTo(START.plusSeconds(15));
        assertThat(positions.takenAt(0, 13)).as("not yet").isNull();
        assertThat(positions.takenAt(1, 5)).as("another partition").isNull();
    }

    @Test
    void what_was_taken_before_the_first_look_is_not_said_to_wait() {
        saw(10, 4, 1, 0);

        assertThat(positions.taken(0, 4)).isTrue();
        assertThat(positions.taken(0, 5))
                .as("the queue may have what was put back")
                .isNull();
        assertThat(positions.taken(0, 11)).as("not there at the last look").isNull();
        assertThat(positions.taken(1, 1)).as("another partition, not seen").isNull();
        saw(11, 4, 1, 5);
        assertThat(positions.taken(0, 10)).isNull();
        assertThat(positions.taken(0, 11)).as("came after what was put back").isFalse();
        saw(12, 12, 1, 10);
        saw(14, 12, 1, 15);
        assertThat(positions.taken(0, 13)).isFalse();

        positions.saw(1, new Seen(new Checkpoint(10, 7, 1, 0), 4, List.of(), 0), START);
        assertThat(positions.taken(0, 4)).isTrue();
        assertThat(positions.taken(0, 13))
                .as("the elements may be the other one's")
                .isNull();
    }

    @Test
    void while_the_queue_has_what_was_put_back_it_may_be_any_message_that_was_taken() {
        saw(10, 8, 1, 0);
        saw(10, 7, 1, 5);

        assertThat(positions.taken(0, 3)).isNull();
        assertThat(positions.taken(0, 9)).as("may have been taken meanwhile").isNull();
        saw(11, 8, 1, 10);
        assertThat(positions.taken(0, 3)).isTrue();
        assertThat(positions.taken(0, 9)).isNull();
        assertThat(positions.taken(0, 11)).as("was never taken").isFalse();
    }

    @Test
    void what_redis_lost_and_was_sent_again_waits_again() {
        saw(10, 10, 1, 0);
        saw(2, 0, 1, 5);
        saw(10, 3, 1, 10);

        assertThat(positions.taken(0, 3)).isTrue();
        assertThat(positions.taken(0, 4)).isFalse();
    }

    @Test
    void what_was_put_back_unmakes_nothing() {
        saw(10, 4, 1, 0);
        saw(10, 10, 1, 5);
        saw(10, 7, 1, 10);
        saw(10, 10, 1, 15);

        assertThat(positions.takenAt(0, 8)).isEqualTo(START.plusSeconds(5));
    }

    @Test
    void after_a_loss_the_times_begin_anew_and_what_was_seen_before_it_is_kept_until_the_queue_is_as_far_again() {
        saw(10, 4, 1, 0);
        Seen before = saw(10, 8, 1, 5);
        saw(2, 0, 1, 10);

        assertThat(positions.takenAt(0, 5)).isNull();
        assertThat(positions.furthest(0)).isEqualTo(before);

        Seen asFar = saw(10, 1, 1, 15);
        assertThat(positions.furthest(0)).isEqualTo(asFar);
    }

    @Test
    void another_history_makes_what_was_seen_worthless() {
        saw(10, 8, 1, 0);
        Seen now = saw(4, 2, 2, 5);

        assertThat(positions.furthest(0)).isEqualTo(now);
        assertThat(positions.takenAt(0, 2)).isNull();
    }

    @Test
    void times_are_kept_for_a_bounded_number_of_looks() {
        for (int n = 0; n <= 30_000; n++) {
            saw(30_000, n, 1, n);
        }

        assertThat(positions.takenAt(0, 30_000)).isEqualTo(START.plusSeconds(30_000));
        assertThat(positions.takenAt(0, 5_000)).isNull();
    }

    private Seen saw(long position, long taken, long history, int second) {
        Seen seen = new Seen(new Checkpoint(position, 7, history, 0), taken, List.of(), 0);
        positions.saw(0, seen, START.plusSeconds(second));
        return seen;
    }
}
