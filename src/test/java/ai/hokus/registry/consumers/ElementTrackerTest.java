package ai.hokus.registry.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.consumers.ElementTracker.Tracked;
import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.support.SettableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.AbstractList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ElementTrackerTest {

    private static final String A = "{\"message_id\":\"a\"}";
    private static final String B = "{\"message_id\":\"b\"}";

    private final SettableClock wall = new SettableClock();
    private final SettableClock steady = new SettableClock();
    private final ElementTracker tracker = new ElementTracker(ConsumerList.PROCESSING, wall, steady);
    private final Instant start = wall.instant();

    @Test
    void an_element_is_as_old_as_its_first_look() {
        assertThat(since(A)).containsExactly(start);

        pass(Duration.ofMinutes(1));

        assertThat(since(B, A, "unreadable")).containsExactly(wall.instant(), start, wall.instant());
        assertThat(tracker.age(A)).isEqualTo(Duration.ofMinutes(1));
        assertThat(tracker.age(B)).isZero();
        assertThat(tracker.age("never seen")).isZero();
    }

    /** A consumer that took it again is at work on it since then. */
    @Test
    void what_was_gone_is_new_when_it_comes_back() {
        since(A);
        pass(Duration.ofMinutes(1));
        since(B);
        pass(Duration.ofMinutes(1));

        assertThat(since(A, B)).containsExactly(wall.instant(), start.plus(Duration.ofMinutes(1)));
        assertThat(tracker.age(A)).isZero();
    }

    /** A consumer can take it again before the next look, which then sees it as if it had never been away. */
    @Test
    void what_was_put_back_begins_anew_even_if_it_is_there_at_the_next_look() {
        since(A, B);
        pass(Duration.ofMinutes(20));

        tracker.beginAnew(List.of(A));

        assertThat(tracker.age(A)).isZero();
        assertThat(since(A, B)).containsExactly(wall.instant(), start);
    }

    @Test
    void a_look_that_is_under_way_does_not_restore_what_was_put_back_meanwhile() throws InterruptedException {
        since(A, B);
        pass(Duration.ofMinutes(20));
        Thread putBack = new Thread(() -> tracker.beginAnew(List.of(A)));

        tracker.look(new AbstractList<>() {
            @Override
            public String get(int n) {
                if (n == 1) {
                    putBack.start();
                    try {
                        putBack.join(200); // it ends in this time, unless it waits for the look
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
                return n == 0 ? A : B;
            }

            @Override
            public int size() {
                return 2;
            }
        });
        putBack.join();

        assertThat(tracker.age(A)).isZero();
        assertThat(tracker.age(B)).isEqualTo(Duration.ofMinutes(20));
    }

    @Test
    void equal_elements_are_one() {
        since(A);
        pass(Duration.ofMinutes(1));

        assertThat(since(A, A)).containsExactly(start, start);
    }

    @Test
    void a_clock_that_is_set_makes_nothing_older() {
        since(A);
        wall.advance(Duration.ofDays(1));

        assertThat(tracker.age(A)).isZero();
    }

    private void pass(Duration time) {
        wall.advance(time);
        steady.advance(time);
    }

    private List<Instant> since(String... elements) {
        return tracker.look(List.of(elements)).stream().map(Tracked::since).toList();
    }
}
