package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.hokus.registry.support.EachDatabase;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.QueryTimeoutException;

/** Writing messages and deleting them, on every database that the outbox runs on. */
class OutboxTest extends EachDatabase {

    private static final Duration AN_HOUR = Duration.ofHours(1);
    private static final Duration A_WHILE = Duration.ofSeconds(20);

    private TestOutbox outbox;
    private TestClaims claims;
    private final List<CommittedMessage> committed = new ArrayList<>();

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(1);
        outbox = TestOutbox.on(dataSource, AN_HOUR, committed::add);
        claims = new TestClaims(outbox);
    }

    @Test
    void a_rolled_back_transaction_leaves_no_message_and_tells_nobody() {
        outbox.transaction().executeWithoutResult(status -> {
            outbox.outbox().add(List.of(new NewMessage(UUID.randomUUID(), "a", "test", "{}")));
            status.setRollbackOnly();
        });

        assertThat(claims.claim()).isInstanceOf(ClaimResult.NothingPending.class);
        assertThat(committed).isEmpty();
    }

    @Test
    void listeners_are_told_after_the_commit() {
        UUID id = UUID.randomUUID();
        outbox.transaction().executeWithoutResult(status -> {
            outbox.outbox().add(List.of(new NewMessage(id, "a", "test", "{}")));
            assertThat(committed).isEmpty();
        });

        assertThat(committed).extracting(m -> m.message().messageId()).containsExactly(id);
    }

    @Test
    void a_listener_that_fails_disturbs_neither_the_commit_nor_the_other_listeners() {
        TestOutbox withBadListener = TestOutbox.on(
                dataSource,
                AN_HOUR,
                message -> {
                    throw new IllegalStateException("bad listener");
                },
                committed::add);

        withBadListener.append("a");

        assertThat(committed).hasSize(1);
        assertThat(claims.claim()).isInstanceOf(ClaimResult.Claimed.class);
    }

    @Test
    void a_message_is_refused_outside_a_transaction() {
        assertThatThrownBy(() -> outbox.outbox().add(List.of(new NewMessage(UUID.randomUUID(), "a", "test", "{}"))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("transaction");
    }

    /** On H2 the later one has to wait; on PostgreSQL no claim takes the earlier id for one that never comes. */
    @Test
    void a_message_whose_transaction_stays_open_while_a_later_one_is_added_is_delivered() {
        claims.deliver(1);
        UUID early = UUID.randomUUID();
        outbox.transaction().executeWithoutResult(status -> {
            outbox.append(early, "early");
            CompletableFuture.runAsync(() -> {
                        appendUnlessItHasToWait("late");
                        claims.deliverPending();
                    })
                    .join();
        });

        claims.deliverPending();
        assertThat(claims.everDelivered()).contains(early);
    }

    private void appendUnlessItHasToWait(String key) {
        try {
            outbox.append(key);
        } catch (QueryTimeoutException e) {
            assertThat(database).isEqualTo(TestDatabase.H2);
        }
    }

    @Test
    void a_sync_that_waits_for_a_connection_holds_nobody_up_who_has_one() {
        assumeTrue(database == TestDatabase.H2, "elsewhere commits sync");
        HikariConfig small = new HikariConfig();
        small.setJdbcUrl(dataSource.getJdbcUrl());
        small.setUsername(database.username());
        small.setMaximumPoolSize(1);
        small.setConnectionTimeout(2_000);
        try (HikariDataSource pool = new HikariDataSource(small)) {
            TestOutbox one = TestOutbox.on(pool, AN_HOUR);
            List<CompletableFuture<Void>> others = new ArrayList<>();

            one.transaction().executeWithoutResult(status -> {
                others.add(CompletableFuture.runAsync(one.outbox()::flush));
                await().until(() -> pool.getHikariPoolMXBean().getThreadsAwaitingConnection() == 1);
                one.outbox().flush();
            });

            assertThat(others.get(0)).succeedsWithin(A_WHILE);
        }
    }

    @Test
    void messages_of_one_key_always_share_a_partition() {
        OutboxPartitions outbox = new OutboxPartitions(UUID.randomUUID(), 4, null, null);

        Set<Integer> partitions = new TreeSet<>();
        for (int n = 0; n < 100; n++) {
            assertThat(outbox.partitionOf("model-" + n)).isEqualTo(outbox.partitionOf("model-" + n));
            partitions.add(outbox.partitionOf("model-" + n));
        }
        assertThat(partitions).containsExactly(0, 1, 2, 3);
    }

    @Test
    void another_number_of_partitions_than_the_databases_is_refused_at_the_start() {
        OutboxSettings settings = new OutboxSettings(2, AN_HOUR, null);

        assertThatThrownBy(() -> new OutboxConfiguration().outboxPartitions(outbox.database(), settings))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("registry.outbox.partitions is 2, but this outbox has 1");
    }

    @Test
    void purging_deletes_whole_batches_that_were_delivered_long_ago_but_never_the_one_delivered_last() {
        claims.deliver(2);
        claims.deliver(3);
        claims.deliver(1);
        settle();
        claims.age(AN_HOUR);

        assertThat(purge(AN_HOUR.multipliedBy(2))).isZero();
        assertThat(purge(Duration.ofMinutes(30))).isGreaterThanOrEqualTo(5);

        assertThat(claims.number("SELECT purged_position FROM outbox_partition"))
                .isEqualTo(claims.number("SELECT min(first_position) - 1 FROM outbox_batch"));
        assertThat(claims.number("SELECT max(last_position) FROM outbox_batch")).isEqualTo(outbox.delivered(0));
        assertThat(claims.number("SELECT count(*) FROM outbox_message"))
                .isEqualTo(claims.number("SELECT sum(last_position - first_position + 1) FROM outbox_batch"));
    }

    @Test
    void a_partition_that_cannot_be_purged_keeps_none_of_the_others_from_it() {
        dataSource.close();
        dataSource = database.newMigrated(2);
        TestOutbox two = TestOutbox.on(dataSource, AN_HOUR);
        for (int partition : List.of(0, 1)) {
            TestLog log = new TestLog(two.jdbc(), partition);
            for (int n = 1; n <= 3; n++) {
                long id = 10 * partition + n;
                log.message(id, "model");
                log.batch(n, id, id);
                log.delivery(n, n, n);
            }
        }
        two.jdbc().execute("ALTER TABLE outbox_partition ADD CHECK (partition_id <> 0 OR purged_position = 0)");

        assertThatThrownBy(() -> two.purge().purge(List.of(0, 1), Duration.ZERO, 50, A_WHILE))
                .isInstanceOf(DataAccessException.class);

        assertThat(two.jdbc()
                        .queryForList("SELECT purged_position FROM outbox_partition ORDER BY partition_id", Long.class))
                .containsExactly(0L, 2L);
    }

    @Test
    void purging_counts_from_the_delivery_and_not_from_the_registration() {
        outbox.append("a");
        outbox.append("b");
        claims.shift("outbox_message", "created_at", Duration.ofHours(100));
        claims.deliverPending();
        claims.deliver(1);
        settle();

        assertThat(purge(AN_HOUR)).isZero();
    }

    @Test
    void what_was_sent_again_is_retained_from_then_on() {
        claims.deliver(2);
        claims.deliver(1);
        settle();
        claims.age(AN_HOUR);
        claims.lostByTheQueue();
        claims.deliverPending();

        assertThat(purge(Duration.ofMinutes(30))).isZero();
        assertThat(outbox.jdbc().queryForList("SELECT delivered_at FROM outbox_message_history", Object.class))
                .doesNotContainNull();
    }

    @Test
    void purging_keeps_a_parked_message_until_an_operator_has_decided() {
        outbox.append("a");
        claims.park((ClaimResult.Claimed) claims.claim(1));
        claims.deliver(1);
        settle();
        claims.age(AN_HOUR);
        purge(Duration.ofMinutes(30));
        assertThat(claims.number("SELECT count(*) FROM outbox_parked_messages")).isEqualTo(1);

        outbox.jdbc().update("UPDATE outbox_parked SET resolution = 'discarded', resolved_at = CURRENT_TIMESTAMP");
        claims.shift("outbox_parked", "resolved_at", AN_HOUR);
        assertThat(purge(Duration.ofMinutes(30))).isEqualTo(1);
        assertThat(claims.number("SELECT count(*) FROM outbox_parked")).isZero();
    }

    @Test
    void a_message_that_was_smuggled_in_below_the_settled_ids_is_found_and_delivered() {
        claims.deliver(5);
        settle();
        UUID late = UUID.randomUUID();
        outbox.jdbc().update("""
                        INSERT INTO outbox_message (partition_id, id, message_id, message_key, message_type, payload)
                        VALUES (0, -1, ?, 'late', 'test', '{}')
                        """, late);
        claims.deliverPending();
        assertThat(claims.everDelivered()).doesNotContain(late);

        assertThat(outbox.scrub().scrub(List.of(0), "test", A_WHILE)).isEqualTo(1);

        claims.deliverPending();
        assertThat(claims.everDelivered()).contains(late);
        assertThat(outbox.scrub().scrub(List.of(0), "test", A_WHILE)).isZero();
    }

    /** As when a transaction was open for long: its message is in a batch far behind those of its neighbours. */
    @Test
    void what_is_in_a_far_later_batch_is_not_taken_for_forgotten_and_what_is_in_none_is_found() {
        TestLog log = new TestLog(outbox.jdbc(), 0);
        log.fill(database, 1, 6_300, 0, 0);
        outbox.jdbc()
                .update("UPDATE outbox_batch SET lowest_id = 1, message_ids = ARRAY[CAST(1 AS BIGINT), 6250]"
                        + " WHERE first_position = 6250");
        outbox.jdbc().update("DELETE FROM outbox_batch WHERE first_position = 1");
        assertThat(outbox.scrub().scrub(List.of(0), "test", A_WHILE)).isZero();

        outbox.jdbc().update("DELETE FROM outbox_batch WHERE first_position BETWEEN 11 AND 18");
        assertThat(outbox.scrub().scrub(List.of(0), "test", A_WHILE)).isEqualTo(8);
    }

    @Test
    void a_round_of_the_scrub_that_has_ended_is_not_begun_again_at_once() {
        claims.deliver(5);
        settle();
        OutboxScrub hourly = new OutboxScrub(outbox.database(), AN_HOUR);
        hourly.scrub(List.of(0), "test", A_WHILE);
        outbox.jdbc().update("DELETE FROM outbox_batch WHERE first_position = 1");

        assertThat(hourly.scrub(List.of(0), "test", A_WHILE)).isZero();
        assertThat(outbox.scrub().scrub(List.of(0), "test", A_WHILE)).isEqualTo(5);
    }

    @Test
    void a_rewind_is_forgotten_after_90_days_when_its_messages_are_gone() {
        claims.deliver(3);
        claims.lostByTheQueue();
        claims.deliverPending();
        settle();
        claims.age(Duration.ofDays(91));
        purge(Duration.ofDays(100));
        assertThat(claims.number("SELECT count(*) FROM outbox_rewinds")).isEqualTo(1);

        purge(AN_HOUR);
        assertThat(claims.number("SELECT count(*) FROM outbox_rewinds")).isZero();
    }

    /** So many batches that all but the last few are settled. */
    private void settle() {
        for (int n = 0; n < 4; n++) {
            claims.deliver(1);
        }
    }

    private long purge(Duration retention) {
        return outbox.purge().purge(List.of(0), retention, 100, A_WHILE);
    }
}
