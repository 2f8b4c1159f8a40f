package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * How {@code settled_id} moves on PostgreSQL, and that nothing is lost, duplicated or misordered while it cannot. By default
 * with a few thousand messages; {@code mvn test -Dtest=SettledIdsTest -Dsettled.messages=100000 -Dsettled.ids=3000000} takes
 * minutes.
 */
class SettledIdsTest {

    /** That pass a transaction which stays open. */
    private static final int MESSAGES = Integer.getInteger("settled.messages", 5_000);

    /** Above {@code settled_id} when a relay starts anew. */
    private static final int IDS = Integer.getInteger("settled.ids", 12_000);

    private static final String INSERT = """
            INSERT INTO outbox_message (partition_id, message_id, message_key, message_type, payload)
            SELECT %d, gen_random_uuid(), 'model-' || (n %% 100), 'test', '{}' FROM generate_series(1, %d) n
            """;

    private static final int BATCHES = 12_000;

    private HikariDataSource pool;
    private TestOutbox outbox;
    private TestClaims claims;

    private void open(int partitions) {
        pool = TestDatabase.POSTGRESQL.newMigrated(partitions);
        outbox = TestOutbox.on(pool, Duration.ofHours(1));
        claims = new TestClaims(outbox);
    }

    @AfterEach
    void close() {
        pool.close();
    }

    @Test
    void settled_follows_the_highest_id_a_few_batches_behind() {
        open(1);
        for (int n = 0; n < 10; n++) {
            claims.deliver(1);
        }

        assertThat(settled()).isBetween(6L, 9L);
    }

    @Test
    void settled_follows_while_a_long_backlog_is_delivered() {
        open(1);
        outbox.jdbc().execute(INSERT.formatted(0, 1_000));
        for (int n = 0; n < 10; n++) {
            claims.appended((ClaimResult.Claimed) claims.claim(10));
        }

        assertThat(settled()).isBetween(60L, 100L);
    }

    /** The first partition's relay meets ids of the second one, too. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void a_transaction_that_drew_an_id_and_stays_open_loses_doubles_and_misorders_nothing(int partitions)
            throws SQLException {
        open(partitions);
        UUID early = UUID.randomUUID();
        outbox.jdbc().execute(INSERT.formatted(0, 5));
        claims.deliverPending();
        try (Connection open = pool.getConnection();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            statement.execute(
                    "INSERT INTO outbox_message (partition_id, message_id, message_key, message_type, payload)"
                            + " VALUES (0, '" + early + "', 'early', 'test', '{}')");
            long settledBefore = 0;
            for (int round = 0; round < 20; round++) {
                for (int partition = 0; partition < partitions; partition++) {
                    outbox.jdbc().execute(INSERT.formatted(partition, MESSAGES / 20));
                }
                claims.deliverPending();
                settledBefore = settled();
            }
            assertThat(claims.everDelivered()).hasSize(5 + MESSAGES).doesNotContain(early);
            assertThat(settledBefore).isLessThanOrEqualTo(6);
            assertThat(claims.cursor().unclaimed().size())
                    .as("only what is missing is remembered, or few ranges of other partitions")
                    .isLessThan(partitions == 1 ? 5 : MESSAGES / 2);
            open.commit();
        }
        outbox.jdbc().execute(INSERT.formatted(0, 1));
        claims.deliverPending();

        assertThat(claims.everDelivered()).hasSize(5 + MESSAGES + 2).doesNotHaveDuplicates();
        assertThat(claims.everDelivered().get(5 + MESSAGES))
                .as("before what came later")
                .isEqualTo(early);
        for (int n = 0; n < 4; n++) {
            outbox.jdbc().execute(INSERT.formatted(0, 1));
            claims.deliverPending();
        }
        assertThat(settled()).isGreaterThan(MESSAGES);
    }

    /** Of transactions that were rolled back: more than one claim looks up. */
    @Test
    void thousands_of_ids_that_never_come_keep_no_pass_busy() throws SQLException {
        open(1);
        claims.deliver(1);
        try (Connection open = pool.getConnection();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            statement.execute("SELECT pg_current_xact_id()"); // while it is open nothing is settled
            outbox.jdbc().execute("""
                    INSERT INTO outbox_message (id, partition_id, message_id, message_key, message_type, payload)
                    SELECT 10 + 2 * n, 0, gen_random_uuid(), 'model', 'test', '{}' FROM generate_series(1, 2500) n
                    """);
            while (claims.claim(2_500) instanceof ClaimResult.Claimed claimed) {
                claims.appended(claimed);
            }
            int claimed = 0;
            while (!((ClaimResult.NothingPending) claims.claim()).drained() && claimed < 10) {
                claimed++;
            }
            assertThat(claimed).isLessThan(10);
            open.rollback();
        }
    }

    @Test
    void a_relay_that_starts_anew_while_nothing_is_settled_claims_nothing_twice_and_reads_the_log_in_bounded_steps()
            throws SQLException {
        open(1);
        claims.deliver(1);
        try (Connection open = pool.getConnection();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            statement.execute("SELECT pg_current_xact_id()"); // a long write elsewhere
            outbox.jdbc().execute(INSERT.formatted(0, IDS));
            while (claims.claim(IDS / BATCHES) instanceof ClaimResult.Claimed claimed
                    && claimed.lastPosition() < IDS / BATCHES * 11_000L) {
                claims.appended(claimed);
            }
            claims.deliverPending();
            TestClaims another = new TestClaims(outbox);

            int steps = 0;
            ClaimResult.NothingPending step;
            do {
                step = (ClaimResult.NothingPending) another.claim(claims.seen(), null, 100, 100_000);
                steps++;
            } while (!step.drained() && steps < 10);

            assertThat(steps).as("100 pages of 100 batches each").isBetween(2, 4);
            open.rollback();
        }
        claims.deliverPending();
        assertThat(claims.everDelivered()).hasSize(IDS + 1).doesNotHaveDuplicates();
    }

    @Test
    void a_sample_that_another_clusters_transaction_gave_is_thrown_away() {
        open(1);
        claims.deliver(1);
        claims.deliver(1);
        outbox.jdbc().update("UPDATE outbox_batch SET sample_id = 1000000, sample_xid = 4000000000");
        claims.forget();

        claims.deliver(1);
        claims.deliver(1);

        assertThat(outbox.jdbc()
                        .queryForList(
                                "SELECT sample_xid FROM outbox_batch ORDER BY first_position DESC LIMIT 1", Long.class))
                .noneMatch(xid -> xid != null && xid == 4_000_000_000L);
        assertThat(settled()).isLessThan(1_000_000);
    }

    @Test
    void idle_readers_do_not_hold_it_back() throws SQLException {
        open(1);
        claims.deliver(1);
        try (Connection reader = pool.getConnection();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("SELECT count(*) FROM outbox_message");
            for (int n = 0; n < 6; n++) {
                claims.deliver(1);
            }
            assertThat(settled()).isGreaterThanOrEqualTo(3);
            reader.rollback();
        }
    }

    @Test
    void an_orphaned_prepared_transaction_of_another_database_costs_speed_at_most() {
        open(1);
        List<UUID> ids = claims.append(3);
        JdbcTemplate jdbc = outbox.jdbc();
        org.junit.jupiter.api.Assumptions.assumeTrue(
                jdbc.queryForObject("SHOW max_prepared_transactions", Integer.class) > 0,
                "prepared transactions are off");
        jdbc.execute("CREATE TABLE elsewhere (n INTEGER)");
        outbox.transaction().executeWithoutResult(status -> {
            jdbc.execute("INSERT INTO elsewhere VALUES (1)");
            jdbc.execute("PREPARE TRANSACTION 'orphan'");
        });
        try {
            claims.deliverPending();
            for (int n = 0; n < 10; n++) {
                claims.deliver(1);
            }
            assertThat(claims.everDelivered()).hasSize(13).startsWith(ids.toArray(UUID[]::new));
        } finally {
            jdbc.execute("ROLLBACK PREPARED 'orphan'");
        }
    }

    private long settled() {
        return outbox.jdbc()
                .queryForObject("SELECT settled_id FROM outbox_progress WHERE partition_id = 0", Long.class);
    }
}
