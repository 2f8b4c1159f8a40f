package ai.hokus.registry.chaos;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;

/** What can happen to the database. */
final class DatabaseScenarios {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static final String DIVERGED_LOGGED = "this database wrote it before it was restored";

    /** Some thirty passes of the three relays. */
    private static final Duration SOME_PASSES = Duration.ofSeconds(3);

    private static final String PRODUCTION = "--registry.outbox.environment=production";

    private DatabaseScenarios() {}

    static Scenario killed() {
        return Scenario.of("PostgreSQL is killed and recovers, twice", play -> {
            for (int n = 0; n < 2; n++) {
                play.stage.postgres().kill();
                play.stage.postgres().restart();
                play.faultEnded();
                play.load.awaitMore(40, TIMEOUT);
            }
        });
    }

    /** Before the server sees the commit, or when its answer is on its way; of registrations and of claims. */
    static Scenario cutInMidCommit() {
        return Scenario.of("connections to the database break in mid-commit", play -> {
            List<String> writes = List.of("INSERT INTO registration", "INSERT INTO outbox_batch");
            int cuts = 0;
            for (int n = 0; n < 12; n++) {
                Trap.Side side = n % 2 == 0 ? Trap.Side.REQUEST : Trap.Side.ANSWER;
                Trap trap = new Trap(1, side, List.of(writes.get(n / 2 % 2), "COMMIT"), name -> Trap.Verdict.CUT);
                play.stage.fleet().layAtPostgres(trap);
                cuts += trap.sprung(30) ? 1 : 0;
            }
            play.stage.fleet().layAtPostgres(null);
            play.stage.fleet().cutPostgres();
            play.faultEnded();
            play.expect(cuts == 12, "only %d commits were cut", cuts);
            play.note("%d commits cut, half of them after the database had them", cuts);
        });
    }

    static Scenario restored() {
        return Scenario.onItsOwnStage("the database is restored from a backup while Redis has moved on", play -> {
            Path backup = play.stage.postgres().backUp();
            play.load.awaitMore(150, TIMEOUT);
            Await.until("Redis has moved on", TIMEOUT, () -> play.stage.pending() < 50);
            long logged = play.stage.fleet().logged(DIVERGED_LOGGED);
            play.databaseRestored();
            play.stage.postgres().restore(backup);
            play.faultEnded();
            int acknowledged = play.load.acknowledgements();
            Await.until(
                    "the divergence is found", TIMEOUT, () -> play.stage.fleet().logged(DIVERGED_LOGGED) > logged);
            play.note("%d had been acknowledged; what came after the backup is gone from the database", acknowledged);
        });
    }

    /**
     * Nothing happens between the backup and the restore but one registration, and nothing afterwards for a while: the checkpoint
     * that the restored database does not know is seen pass after pass.
     */
    static Scenario quietlyRestored() {
        return Scenario.of("a quiet database is restored without the message that was delivered last", play -> {
            play.load.rest();
            play.stage.awaitDrained();
            Path backup = play.stage.postgres().backUp();
            String last = play.load.registerOneMore();
            Await.until("it is delivered", TIMEOUT, () -> play.stage.consumer().has(last));
            long logged = play.stage.fleet().logged(DIVERGED_LOGGED);
            play.databaseRestored();
            play.stage.postgres().restore(backup);
            play.faultEnded();
            Await.until(
                    "the divergence is found", TIMEOUT, () -> play.stage.fleet().logged(DIVERGED_LOGGED) > logged);
            Await.hold(SOME_PASSES);
            play.expect(play.stage.haltedPartitions() == 0, "delivery stopped");
            play.load.resume();
            play.note("what comes then is delivered after %.1f s", play.secondsUntilDelivered());
        });
    }

    /** Every instance remembers that the row was there. */
    static Scenario lockRowDeleted() {
        return Scenario.of("the lock's row is deleted, three times", play -> {
            double slowest = 0;
            for (int n = 0; n < 3; n++) {
                play.stage.postgres().jdbc().update("DELETE FROM shedlock");
                play.faultEnded();
                slowest = Math.max(slowest, play.secondsUntilDelivered());
            }
            play.note("delivered %.1f s later at most", slowest);
            play.expect(slowest < 10, "delivery took %.1f s", slowest);
        });
    }

    /** A backup or somebody's query; then a transaction that has drawn a message's id, and commits after thousands of others. */
    static Scenario snapshotHeld() {
        return Scenario.of("a session holds a snapshot, then another one leaves a message uncommitted", play -> {
            PostgresCluster postgres = play.stage.postgres();
            try (Connection reader = postgres.session()) {
                reader.setAutoCommit(false);
                reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                execute(reader, "SELECT count(*) FROM outbox_message");
                play.load.awaitMore(200, TIMEOUT);
                double seconds = play.secondsUntilDelivered();
                play.note("with the snapshot delivered after %.1f s", seconds);
                play.expect(seconds < 10, "delivery took %.1f s", seconds);
            } catch (SQLException e) {
                throw new AssertionError(e);
            }
            String late = play.load.prefix() + ".late/1/T";
            try (Connection writer = postgres.session()) {
                writer.setAutoCommit(false);
                execute(writer, """
                        INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)
                        VALUES (gen_random_uuid(), 0, 'late', 'chaos', '{"model_id":"%s"}')
                        """.formatted(late));
                play.load.awaitMore(200, TIMEOUT);
                double seconds = play.secondsUntilDelivered();
                play.note("with the transaction after %.1f s", seconds);
                play.expect(seconds < 10, "delivery took %.1f s", seconds);
                play.expect(!play.stage.consumer().has(late), "delivered before it was committed");
                writer.commit();
            } catch (SQLException e) {
                throw new AssertionError(e);
            }
            play.faultEnded();
            Await.until(
                    "what was committed late is delivered",
                    TIMEOUT,
                    () -> play.stage.consumer().has(late));
        });
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static Scenario copied() {
        return Scenario.onItsOwnStage(
                "a copy of the database, of the same environment, on the same Redis",
                play -> {
                    try (PostgresCluster copy = PostgresCluster.startFrom(
                                    play.stage.postgres().backUp());
                            ServiceFleet others =
                                    new ServiceFleet(copy.port(), play.stage.redis(), List.of(PRODUCTION))) {
                        others.add().awaitServing();
                        try (Load otherLoad = new Load("copy", others::instances, Duration.ofMillis(30), 10, true, 1)) {
                            otherLoad.start();
                            Await.until(
                                    "one of the two has stopped",
                                    Duration.ofSeconds(60),
                                    () -> isStopped(play.stage.postgres()) || isStopped(copy));
                            int popped = play.stage.consumer().popped().size();
                            long rewinds = Stage.rewinds(play.stage.postgres()) + Stage.rewinds(copy);
                            Await.hold(SOME_PASSES);
                            int more = play.stage.consumer().popped().size() - popped;
                            play.note(
                                    "%s stopped; the queue got %d elements in the %d s after that",
                                    isStopped(copy) ? "the copy" : "the original", more, SOME_PASSES.toSeconds());
                            // The one that goes on may heal once more what the other one's last append left.
                            long again = Stage.rewinds(play.stage.postgres()) + Stage.rewinds(copy) - rewinds;
                            play.expect(
                                    again <= 1, "the two send each other's history for ever: %d rewinds more", again);
                        }
                    }
                    play.mayComeAgain();
                    play.operatorActed();
                    // The operator has stopped the copy, and lets the original heal what the copy left in Redis.
                    release(play.stage.postgres());
                    play.faultEnded();
                },
                PRODUCTION);
    }

    /** It accepts registrations, and keeps them. The original notices nothing. */
    static Scenario copiedToAnotherEnvironment() {
        return Scenario.onItsOwnStage(
                "a copy of the database, started for another environment, on the same Redis",
                play -> {
                    try (PostgresCluster copy = PostgresCluster.startFrom(
                                    play.stage.postgres().backUp());
                            ServiceFleet others = new ServiceFleet(
                                    copy.port(), play.stage.redis(), List.of("--registry.outbox.environment=test"))) {
                        others.add().awaitServing();
                        try (Load otherLoad = new Load("copy", others::instances, Duration.ofMillis(30), 10, true, 1)) {
                            otherLoad.start().awaitMore(20, TIMEOUT);
                            Await.until(
                                    "the copy says that it does not relay",
                                    TIMEOUT,
                                    () -> copy.jdbc()
                                            .queryForList("SELECT state FROM outbox_relay", String.class)
                                            .contains("not_relaying"));
                            play.note("beside it, delivered after %.1f s", play.secondsUntilDelivered());
                            play.expect(
                                    otherLoad.acknowledged().stream().noneMatch(play.stage.consumer()::has),
                                    "the copy delivers");
                        }
                    }
                    play.faultEnded();
                },
                PRODUCTION);
    }

    private static boolean isStopped(PostgresCluster cluster) {
        return cluster.jdbc()
                        .queryForObject(
                                "SELECT count(*) FROM outbox_partition WHERE stopped_at IS NOT NULL", Integer.class)
                > 0;
    }

    private static void release(PostgresCluster cluster) {
        cluster.jdbc().update("""
                UPDATE outbox_partition
                SET stopped_at = NULL, stopped_reason = NULL, stopped_known_position = NULL, diverged_at = NULL
                """);
    }
}
