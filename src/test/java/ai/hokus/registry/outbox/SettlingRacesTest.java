package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A transaction that draws an id, or commits, between two statements of a claim: its message must not be taken for one that will
 * never come. The moments are too short for random schedules to hit them.
 */
class SettlingRacesTest {

    private final HikariDataSource pool = TestDatabase.POSTGRESQL.newMigrated(1);
    private final BetweenStatements between = new BetweenStatements(pool);
    private final TestOutbox outbox = TestOutbox.on(between, Duration.ofHours(1));
    private final TestClaims claims = new TestClaims(outbox);
    private Writer early;
    private Writer late;

    @BeforeEach
    void open() throws SQLException {
        early = new Writer(pool.getConnection());
        late = new Writer(pool.getConnection());
    }

    @AfterEach
    void close() throws SQLException {
        early.connection.close();
        late.connection.close();
        pool.close();
    }

    /** {@code late} has the lower transaction id and the higher message id, and is over before the sample is read. */
    private void drawIds() {
        late.begin();
        early.insert();
        late.insert();
        late.commit();
    }

    @Test
    void a_transaction_that_begins_between_the_lock_and_the_sample_is_waited_for() {
        claims.append(1);
        between.before("AS server_start", this::drawIds);
        claims.appended((ClaimResult.Claimed) claims.claim(1)); // reads the sample
        claims.appended((ClaimResult.Claimed) claims.claim(1)); // gives it a transaction id

        assertThatNothingIsLostWhenEarlyCommits();
    }

    @Test
    void a_transaction_that_begins_while_a_claim_waits_for_the_lock_is_waited_for() throws SQLException {
        UUID first = claims.append(1).get(0);
        long history = outbox.jdbc().queryForObject("SELECT histories[1] FROM outbox_partition", Long.class);
        CompletableFuture<ClaimResult> waiting;
        try (Connection holder = pool.getConnection();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("SELECT 1 FROM outbox_partition FOR UPDATE");
            claims.appended(new Checkpoint(1, 77, history, Checkpoint.APPEND));
            waiting = CompletableFuture.supplyAsync(claims::claim);
            await().until(() -> TestDatabase.awaitedLocks(outbox.jdbc()) > 0);
            drawIds();
            statement.execute("""
                    INSERT INTO outbox_batch (partition_id, first_position, last_position, batch_id, history_id, message_ids,
                                              lowest_id, highest_id, settled_id, sample_id, claimed_by)
                    SELECT 0, 1, 1, 77, %d, ARRAY[m.id], m.id, m.id, 0, (SELECT max(id) FROM outbox_message), 'holder'
                    FROM outbox_message m WHERE m.message_id = '%s'""".formatted(history, first));
            holder.commit();
        }
        claims.appended((ClaimResult.Claimed) waiting.join());

        assertThatNothingIsLostWhenEarlyCommits();
    }

    @Test
    void a_transaction_that_commits_right_after_the_scan_is_found_by_the_next_one() {
        early.insert();
        claims.append(1);
        claims.appended((ClaimResult.Claimed) claims.claim());
        claims.append(1);
        claims.appended((ClaimResult.Claimed) claims.claim());
        claims.append(1);
        between.after("octet_length", early::commit);
        claims.appended((ClaimResult.Claimed) claims.claim());

        claims.deliver(1);
        claims.deliver(1);

        assertThat(claims.everDelivered()).contains(early.message);
    }

    /** What follows can be of the same model: a scan does not go beyond the highest id at its beginning. */
    @Test
    void a_transaction_that_commits_behind_the_scan_is_delivered_before_what_follows_it() {
        late.begin(); // while it is open nothing is settled, and the scan goes on
        early.insert();
        claims.append(2);
        claims.appended((ClaimResult.Claimed) claims.claim(1));
        early.commit();
        UUID next = claims.append(1).get(0);

        claims.deliverPending();

        assertThat(claims.everDelivered()).containsSubsequence(early.message, next);
    }

    /** After claims in which its message would be settled, if anybody took it for one that never comes. */
    private void assertThatNothingIsLostWhenEarlyCommits() {
        claims.deliver(1);
        claims.deliver(1);
        early.commit();
        claims.deliver(1);

        assertThat(claims.everDelivered()).contains(early.message, late.message);
    }

    /** A transaction of its own, with one message. */
    private static final class Writer {

        private final Connection connection;
        private final UUID message = UUID.randomUUID();

        Writer(Connection connection) throws SQLException {
            this.connection = connection;
            connection.setAutoCommit(false);
        }

        /** Has a transaction id from now on. */
        void begin() {
            run("SELECT pg_current_xact_id()");
        }

        /** Draws an id for its message. */
        void insert() {
            run("INSERT INTO outbox_message (partition_id, message_id, message_key, message_type, payload)"
                    + " VALUES (0, '" + message + "', '" + message + "', 'test', '{}')");
        }

        void commit() {
            try {
                connection.commit();
            } catch (SQLException e) {
                throw new AssertionError(e);
            }
        }

        private void run(String sql) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            } catch (SQLException e) {
                throw new AssertionError(e);
            }
        }
    }
}
