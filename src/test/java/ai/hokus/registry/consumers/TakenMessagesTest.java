package ai.hokus.registry.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.consumers.TakenMessages.Seen;
import ai.hokus.registry.outbox.Checkpoint;
import ai.hokus.registry.outbox.TestLog;
import ai.hokus.registry.support.EachDatabase;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

class TakenMessagesTest extends EachDatabase {

    private JdbcTemplate jdbc;
    private TestLog log;
    private TakenMessages taken;

    /** Messages 1 to 10 at the positions of their ids, in two batches. */
    @BeforeEach
    void ten_messages() {
        dataSource = database.newMigrated(1);
        jdbc = new JdbcTemplate(dataSource);
        log = new TestLog(jdbc, 0);
        LongStream.rangeClosed(1, 10).forEach(id -> log.message(id, "m"));
        log.batch(1, 10, LongStream.rangeClosed(1, 6).toArray());
        log.batch(7, 10, LongStream.rangeClosed(7, 10).toArray());
        taken = new TakenMessages(JdbcClient.create(jdbc));
    }

    @Test
    void all_but_what_the_queue_has_has_been_taken() {
        assertThat(taken.takenPosition(0, 10, 0)).isEqualTo(10);
        assertThat(taken.takenPosition(0, 10, 3)).isEqualTo(7);
        assertThat(taken.takenPosition(0, 10, 12)).as("others' elements too").isZero();
    }

    @Test
    void what_was_skipped_is_in_no_queue() {
        log.parked(9, 9, null);
        log.parked(7, 7, "requeued");

        assertThat(taken.takenPosition(0, 10, 1)).as("10").isEqualTo(9);
        assertThat(taken.takenPosition(0, 10, 2)).as("8 and 10").isLessThanOrEqualTo(7);
        assertThat(taken.takenPosition(0, 10, 3)).as("6, 8 and 10").isEqualTo(5);
        assertThat(taken.takenPosition(1, 10, 3)).as("another partition").isEqualTo(7);
    }

    @Test
    void what_was_taken_and_is_in_no_list_is_certainly_done() {
        Seen seen = seen(10, 8, 0, 2, 8);

        assertThat(taken.certainlyDone(0, 10, 0, seen)).isEqualTo(OptionalLong.of(6));
        assertThat(taken.certainlyDone(0, 10, 2, seen))
                .as("2 is not sent again")
                .isEqualTo(OptionalLong.of(5));
        assertThat(taken.certainlyDone(0, 10, 8, seen)).isEqualTo(OptionalLong.of(0));
        assertThat(taken.certainlyDone(0, 7, 0, seen)).as("8 is not either").isEqualTo(OptionalLong.of(6));
    }

    @Test
    void elements_that_nobody_looked_at_count_as_unfinished() {
        assertThat(taken.certainlyDone(0, 10, 0, seen(10, 8, 3, 1))).isEqualTo(OptionalLong.of(4));
        assertThat(taken.certainlyDone(0, 10, 0, seen(10, 8, 100))).isEqualTo(OptionalLong.of(0));
    }

    @Test
    void what_was_skipped_was_not_done() {
        log.parked(3, 3, null);

        assertThat(taken.certainlyDone(0, 10, 0, seen(10, 8, 0))).isEqualTo(OptionalLong.of(7));
    }

    @Test
    void what_was_seen_before_the_messages_were_in_the_queue_says_nothing_of_them() {
        assertThat(taken.certainlyDone(0, 10, 6, seen(6, 6, 0))).isEqualTo(OptionalLong.of(0));
    }

    /** The database was restored: at these positions are other messages now. */
    @Test
    void what_was_seen_in_another_history_is_not_known() {
        Seen seen = new Seen(new Checkpoint(10, 99, 1, 0), 8, List.of(), 0);

        assertThat(taken.certainlyDone(0, 10, 0, seen)).isEmpty();
    }

    @Test
    void the_record_of_the_rewind_is_completed() {
        log.delivery(1, 1, 10);
        log.rewind(2, 10, 4);
        log.rewind(3, 10, 4);

        taken.recordCertainlyDone(0, 10, 4, 5);

        assertThat(jdbc.queryForList(
                        "SELECT message_count || ' ' || COALESCE(certainly_done, -1) || ' ' || COALESCE(possibly_done, -1)"
                                + " FROM outbox_rewinds ORDER BY id",
                        String.class))
                .containsExactly("6 -1 -1", "6 5 1");
    }

    /** @param unfinished ids of messages */
    private static Seen seen(long newest, long takenPosition, long unknown, long... unfinished) {
        List<UUID> messages =
                Arrays.stream(unfinished).mapToObj(id -> new UUID(0, id)).toList();
        return new Seen(new Checkpoint(newest, newest > 6 ? 7 : 1, 1, 0), takenPosition, messages, unknown);
    }
}
