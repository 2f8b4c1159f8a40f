package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.KeptPlans;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * On tables full of delivered messages, each statement on a message's path reads about as many rows as it returns, and none of
 * those delivered. Counted by the databases themselves, with the plans that they keep for prepared statements.
 */
class HotStatementsTest {

    private static final List<String> H2_STATEMENTS =
            List.of(SqlDialect.H2.unclaimed(IdRanges.EMPTY), SqlDialect.H2.logEnd(), SqlDialect.H2.peek());

    private static final int DELIVERED_BATCHES = 300;
    private static final int BATCH = 100;
    private static final int DELIVERED = DELIVERED_BATCHES * BATCH;
    private static final int PENDING = 1_500;

    private HikariDataSource pool;

    @AfterEach
    void close() {
        pool.close();
    }

    /** What the database's statistics say when the messages are claimed. */
    enum Statistics {
        RIGHT,
        /** Made when there was nothing. */
        EMPTY,
        NONE
    }

    @ParameterizedTest
    @EnumSource
    void postgresql_reads_what_is_pending_and_nothing_of_what_was_delivered(Statistics statistics) throws SQLException {
        fillPostgresql(statistics);
        try (Connection connection = pool.getConnection()) {
            TestOutbox outbox = TestOutbox.on(KeptPlans.ofService(connection), Duration.ofHours(1));
            Relay relay = new Relay(outbox);
            relay.warmUp();
            long messages = KeptPlans.rowsRead(outbox.jdbc(), "outbox_message");
            long batches = KeptPlans.rowsRead(outbox.jdbc(), "outbox_batch");
            long deliveries = KeptPlans.rowsRead(outbox.jdbc(), "outbox_delivery");

            int claimed = relay.claimAll();

            assertThat(claimed).isEqualTo(PENDING);
            int claims = PENDING / BATCH + 1;
            assertThat(KeptPlans.rowsRead(outbox.jdbc(), "outbox_message") - messages)
                    .as("each message once, and the highest id in each claim")
                    .isBetween((long) claimed, claimed + 3L * claims);
            assertThat(KeptPlans.rowsRead(outbox.jdbc(), "outbox_batch") - batches)
                    .isLessThan(5L * claims);
            assertThat(KeptPlans.rowsRead(outbox.jdbc(), "outbox_delivery") - deliveries)
                    .isLessThan(5L * claims);
        }
    }

    /** 20,000 more messages go through while a transaction that drew an id stays open, and so does a reader's snapshot. */
    @Test
    void postgresql_reads_no_more_while_nothing_is_settled_and_a_snapshot_is_held() throws SQLException {
        fillPostgresql(Statistics.RIGHT);
        try (Connection writer = pool.getConnection();
                Connection reader = pool.getConnection();
                Connection connection = pool.getConnection();
                Statement write = writer.createStatement();
                Statement read = reader.createStatement()) {
            reader.setAutoCommit(false);
            reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            read.execute("SELECT count(*) FROM outbox_message");
            writer.setAutoCommit(false);
            write.execute("INSERT INTO outbox_message (partition_id, message_id, message_key, message_type, payload)"
                    + " VALUES (0, gen_random_uuid(), 'early', 't', '{}')");
            TestOutbox outbox = TestOutbox.on(KeptPlans.ofService(connection), Duration.ofHours(1));
            Relay relay = new Relay(outbox);
            relay.warmUp();
            relay.claimAll();
            readsAsMuchInEachRound(outbox, relay, 20, 1_000);
            writer.rollback();
            reader.rollback();
        }
    }

    /** Where everything was delivered and purged, the next burst begins with plans for empty tables. */
    @Test
    void postgresql_reads_no_more_with_plans_that_it_made_for_empty_tables() throws SQLException {
        pool = TestDatabase.POSTGRESQL.newMigrated(1);
        try (Connection connection = pool.getConnection()) {
            TestOutbox outbox = TestOutbox.on(KeptPlans.ofService(connection), Duration.ofHours(1));
            leaveAlone(outbox.jdbc());
            analyze(outbox.jdbc());
            Relay relay = new Relay(outbox);
            relay.warmUp();
            readsAsMuchInEachRound(outbox, relay, 4, 5_000);
        }
    }

    private static void readsAsMuchInEachRound(TestOutbox outbox, Relay relay, int rounds, int messages) {
        long firstRound = 0;
        long lastRound = 0;
        for (int round = 0; round < rounds; round++) {
            insert(outbox.jdbc(), messages);
            long before = KeptPlans.rowsRead(outbox.jdbc());
            assertThat(relay.claimAll()).isEqualTo(messages);
            relay.isIdle();
            lastRound = KeptPlans.rowsRead(outbox.jdbc()) - before;
            firstRound = round == 0 ? lastRound : firstRound;
        }
        assertThat(firstRound).isBetween((long) messages, messages * 11L / 10);
        assertThat(lastRound).isBetween((long) messages, firstRound + 50);
    }

    private static void leaveAlone(JdbcTemplate jdbc) {
        KeptPlans.TABLES.forEach(table -> jdbc.execute("ALTER TABLE " + table + " SET (autovacuum_enabled = off)"));
    }

    private static void analyze(JdbcTemplate jdbc) {
        KeptPlans.TABLES.forEach(table -> jdbc.execute("ANALYZE " + table));
    }

    /** Others' ids that are in the way are looked up, but never the backlog of the other partitions. */
    @Test
    void postgresql_reads_a_bounded_part_of_the_other_partitions_in_each_claim() throws SQLException {
        pool = TestDatabase.POSTGRESQL.newMigrated(4);
        try (Connection writer = pool.getConnection();
                Connection connection = pool.getConnection();
                Statement write = writer.createStatement()) {
            writer.setAutoCommit(false);
            write.execute("SELECT pg_current_xact_id()"); // while it is open nothing is settled
            TestOutbox outbox = TestOutbox.on(KeptPlans.ofService(connection), Duration.ofHours(1));
            outbox.jdbc()
                    .update(
                            "INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)"
                                    + " SELECT gen_random_uuid(), n % 4, 'model', 't', '{}' FROM generate_series(1, 40000) AS s (n)");
            OutboxPartition partition = outbox.partition(0, "test");
            String newest = null;
            ScanCursor cursor = null;
            for (int claim = 1; claim <= 10; claim++) {
                long before = KeptPlans.rowsRead(outbox.jdbc(), "outbox_message");

                ClaimResult.Claimed claimed = (ClaimResult.Claimed) partition.claim(
                        new ClaimRequest(ObservedCheckpoints.newest(newest), null, null, cursor, 1_000, 1_000_000));

                assertThat(claimed.messages()).hasSize(1_000);
                assertThat(KeptPlans.rowsRead(outbox.jdbc(), "outbox_message") - before)
                        .as("claim %d", claim)
                        .isLessThan(10_000);
                cursor = claimed.cursor();
                newest = claimed.checkpoint().toString();
            }
            assertThat(cursor.unclaimed().size())
                    .as("ids of others are taken out")
                    .isLessThan(3_000);
            writer.rollback();
        }
    }

    @Test
    void postgresql_reads_the_end_of_the_log_after_another_relay_has_delivered_for_long() throws SQLException {
        fillPostgresql(Statistics.NONE);
        try (Connection connection = pool.getConnection()) {
            TestOutbox outbox = TestOutbox.on(KeptPlans.ofService(connection), Duration.ofHours(1));
            Relay relay = new Relay(outbox);
            relay.warmUp();
            Relay another = new Relay(outbox);
            another.claimAll();
            for (int n = 0; n < 100; n++) {
                outbox.append("model");
                another.claimAll();
            }
            long before = KeptPlans.rowsRead(outbox.jdbc(), "outbox_batch");
            relay.newest = another.newest;

            relay.claimAll();

            assertThat(KeptPlans.rowsRead(outbox.jdbc(), "outbox_batch") - before)
                    .isLessThan(30);
        }
    }

    @Test
    void postgresql_reads_of_the_log_what_a_purge_deletes() throws SQLException {
        fillPostgresql(Statistics.RIGHT);
        try (Connection connection = pool.getConnection()) {
            TestOutbox outbox = TestOutbox.on(KeptPlans.ofService(connection), Duration.ofHours(1));
            long before = KeptPlans.rowsRead(outbox.jdbc(), "outbox_batch");

            outbox.purge().purge(List.of(0), Duration.ZERO, 5 * BATCH, Duration.ofSeconds(20));

            assertThat(outbox.jdbc().queryForObject("SELECT purged_position FROM outbox_partition", Long.class))
                    .isGreaterThan(DELIVERED - 10 * BATCH);
            assertThat(KeptPlans.rowsRead(outbox.jdbc(), "outbox_batch") - before)
                    .isLessThan(10L * DELIVERED_BATCHES);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "RIGHT, force_generic_plan", "EMPTY, force_generic_plan", "NONE, force_generic_plan",
        "RIGHT, force_custom_plan", "EMPTY, force_custom_plan", "NONE, force_custom_plan"
    })
    void postgresql_reads_each_message_and_batch_about_once_in_a_scrub(Statistics statistics, String plans)
            throws SQLException {
        fillPostgresql(statistics);
        try (Connection connection = pool.getConnection()) {
            TestOutbox outbox = TestOutbox.on(KeptPlans.ofService(connection), Duration.ofHours(1));
            outbox.jdbc().execute("SET plan_cache_mode = " + plans);
            long messages = KeptPlans.rowsRead(outbox.jdbc(), "outbox_message");
            long batches = KeptPlans.rowsRead(outbox.jdbc(), "outbox_batch");

            assertThat(outbox.scrub().scrub(List.of(0), "test", Duration.ofSeconds(20)))
                    .isZero();

            assertThat(KeptPlans.rowsRead(outbox.jdbc(), "outbox_message") - messages)
                    .isBetween((long) DELIVERED, 2L * DELIVERED);
            assertThat(KeptPlans.rowsRead(outbox.jdbc(), "outbox_batch") - batches)
                    .isLessThan(10L * DELIVERED_BATCHES);
        }
    }

    @ParameterizedTest
    @EnumSource
    void postgresql_reads_a_handful_of_rows_to_see_whether_something_is_pending_and_to_write_a_message(
            Statistics statistics) throws SQLException {
        fillPostgresql(statistics);
        try (Connection connection = pool.getConnection()) {
            TestOutbox outbox = TestOutbox.on(KeptPlans.ofService(connection), Duration.ofHours(1));
            Relay relay = new Relay(outbox);
            relay.warmUp();
            relay.claimAll();
            int rounds = 20;
            long before = KeptPlans.rowsRead(outbox.jdbc());

            for (int round = 0; round < rounds; round++) {
                relay.isIdle();
                outbox.append("model");
            }

            assertThat(KeptPlans.rowsRead(outbox.jdbc()) - before).isLessThan(10L * rounds);
        }
    }

    @Test
    void delivering_ten_thousand_messages_updates_no_row_of_the_outbox() throws SQLException {
        pool = TestDatabase.POSTGRESQL.newMigrated(1);
        TestOutbox outbox = TestOutbox.on(pool, Duration.ofHours(1));
        Relay relay = new Relay(outbox);
        outbox.append("first"); // records the queue's name
        relay.claimAll();
        insert(outbox.jdbc(), 10_000);

        assertThat(relay.claimAll()).isEqualTo(10_000);

        assertThat(outbox.delivered(0)).isEqualTo(10_001);
        outbox.jdbc().queryForList("SELECT pg_stat_force_next_flush()");
        outbox.jdbc().queryForList("SELECT pg_stat_clear_snapshot()");
        assertThat(outbox.jdbc().queryForList("""
                        SELECT relname FROM pg_stat_user_tables
                        WHERE schemaname = current_schema() AND n_tup_upd > 0
                          AND relname IN ('outbox_message', 'outbox_batch', 'outbox_delivery', 'outbox_partition')
                        """, String.class)).isEmpty();
        assertThat(outbox.jdbc()
                        .queryForObject(
                                "SELECT sum(n_tup_ins) FROM pg_stat_user_tables WHERE schemaname = current_schema()"
                                        + " AND relname = 'outbox_message'",
                                Long.class))
                .as("the statistics are up to date")
                .isEqualTo(10_001);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void h2_walks_an_index_from_where_the_messages_begin(boolean analyzed) {
        pool = TestDatabase.H2.newMigrated(1);
        JdbcTemplate jdbc = new JdbcTemplate(pool);
        fillH2(jdbc);
        if (analyzed) {
            jdbc.execute("ANALYZE");
        }

        for (String statement : H2_STATEMENTS) {
            String plan = explain("EXPLAIN ANALYZE " + statement);
            assertThat(scanned(plan)).as(plan).isBetween(1, BATCH + 20);
        }
    }

    /** It keeps the plan that it makes for a statement, as long as no table is altered. */
    @Test
    void h2_plans_no_scan_of_a_table_while_the_tables_are_empty() {
        pool = TestDatabase.H2.newMigrated(1);

        for (String statement : H2_STATEMENTS) {
            String plan = explain("EXPLAIN " + statement).toLowerCase(Locale.ROOT);
            for (String table : KeptPlans.TABLES) {
                assertThat(plan).doesNotContain(table + ".tablescan");
            }
        }
    }

    private String explain(String explained) {
        return String.join(
                "\n",
                JdbcClient.create(pool)
                        .sql(explained)
                        .param("partition", 0)
                        .param("lowest", DELIVERED + 1)
                        .param("max_messages", BATCH)
                        .query(String.class)
                        .list());
    }

    @Test
    void h2_counts_what_a_scan_of_the_table_reads() {
        pool = TestDatabase.H2.newMigrated(1);
        JdbcTemplate jdbc = new JdbcTemplate(pool);
        fillH2(jdbc);

        String plan = jdbc.queryForObject(
                "EXPLAIN ANALYZE SELECT id FROM outbox_message WHERE payload = 'none'", String.class);

        assertThat(scanned(plan)).isGreaterThan(DELIVERED);
    }

    /** Claims, and takes every append for done. */
    private static final class Relay {

        private final OutboxPartition partition;
        private String newest;
        private ScanCursor cursor;

        Relay(TestOutbox outbox) {
            this.partition = outbox.partition(0, "test");
            this.newest = outbox
                    .jdbc()
                    .query(
                            "SELECT last_position, batch_id, history_id FROM outbox_batch ORDER BY first_position DESC LIMIT 1",
                            (row, n) -> new Checkpoint(row.getLong(1), row.getLong(2), row.getLong(3), 0).toString())
                    .stream()
                    .findFirst()
                    .orElse(null);
        }

        /** Reads once what is read once: the catalogue, and the log above what is settled. */
        void warmUp() {
            partition.isIdle(newest, cursor);
            ClaimResult first =
                    partition.claim(new ClaimRequest(ObservedCheckpoints.newest(newest), null, null, null, 1, 0));
            cursor = first instanceof ClaimResult.Claimed claimed
                    ? claimed.cursor()
                    : ((ClaimResult.NothingPending) first).cursor();
        }

        int claimAll() {
            int claimed = 0;
            while (true) {
                ClaimResult result = partition.claim(
                        new ClaimRequest(ObservedCheckpoints.newest(newest), null, null, cursor, BATCH, 1_000_000));
                if (!(result instanceof ClaimResult.Claimed batch)) {
                    ClaimResult.NothingPending nothing = (ClaimResult.NothingPending) result;
                    cursor = nothing.cursor();
                    if (nothing.drained()) {
                        return claimed;
                    }
                    continue;
                }
                claimed += batch.messages().size();
                cursor = batch.cursor();
                newest = batch.checkpoint().toString();
            }
        }

        boolean isIdle() {
            return partition.isIdle(newest, cursor);
        }
    }

    private static void insert(JdbcTemplate jdbc, int messages) {
        jdbc.update("INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)"
                + " SELECT gen_random_uuid(), 0, 'model-' || (n % 100), 't', '{}' FROM generate_series(1, " + messages
                + ") AS s (n)");
    }

    private void fillPostgresql(Statistics statistics) {
        pool = TestDatabase.POSTGRESQL.newMigrated(1);
        JdbcTemplate jdbc = new JdbcTemplate(pool);
        leaveAlone(jdbc);
        if (statistics == Statistics.EMPTY) {
            analyze(jdbc);
        }
        insert(jdbc, DELIVERED + PENDING);
        jdbc.update(DELIVER.formatted(
                "generate_series(1, " + DELIVERED_BATCHES + ") AS s (b)",
                "ARRAY(SELECT generate_series(b * 100 - 99, b * 100))"));
        jdbc.update(ACKNOWLEDGE.formatted("generate_series(1, " + DELIVERED_BATCHES + ") AS s (b)"));
        jdbc.update("UPDATE outbox SET queue_name = ?", TestOutbox.QUEUE);
        jdbc.update("UPDATE outbox_partition SET histories = ARRAY[CAST(1 AS BIGINT)]"); // that of the batches
        if (statistics == Statistics.RIGHT) {
            analyze(jdbc);
        }
    }

    private static final String DELIVER = """
            INSERT INTO outbox_batch (partition_id, first_position, last_position, batch_id, history_id, message_ids,
                                      lowest_id, highest_id, settled_id, claimed_by)
            SELECT 0, b * 100 - 99, b * 100, b, 1, %2$s, b * 100 - 99, b * 100, b * 100, 'test' FROM %1$s
            """;

    private static final String ACKNOWLEDGE = """
            INSERT INTO outbox_delivery (partition_id, delivery_no, from_position, to_position, instance)
            SELECT 0, b, b * 100 - 99, b * 100, 'test' FROM %s
            """;

    private static void fillH2(JdbcTemplate jdbc) {
        jdbc.update("INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)"
                + " SELECT RANDOM_UUID(), 0, 'model', 't', '{}' FROM SYSTEM_RANGE(1, " + (DELIVERED + PENDING) + ")");
        jdbc.update(
                DELIVER.formatted("SYSTEM_RANGE(1, " + DELIVERED_BATCHES + ") AS s (b)", "ARRAY[CAST(b AS BIGINT)]"));
        jdbc.update(ACKNOWLEDGE.formatted("SYSTEM_RANGE(1, " + DELIVERED_BATCHES + ") AS s (b)"));
    }

    private static int scanned(String plan) {
        return Pattern.compile("scanCount: (\\d+)")
                .matcher(plan)
                .results()
                .mapToInt(count -> Integer.parseInt(count.group(1)))
                .sum();
    }
}
