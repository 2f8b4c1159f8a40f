package ai.hokus.registry.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What can happen to the database. */
final class DatabaseScenarios {

    private static final Duration LONGEST = Duration.ofSeconds(30);

    private static final String DIVERGED_LOGGED = "Was the database restored";

    private DatabaseScenarios() {}

    static Scenario killed() {
        return Scenario.of("PostgreSQL is killed and recovers, twice", play -> {
            for (int n = 0; n < 2; n++) {
                play.stage.postgres().kill();
                play.stage.postgres().restart();
                play.faultEnded();
                play.load.awaitMore(40, LONGEST);
            }
        });
    }

    /** Before the server sees the commit, or when its answer is on its way; of registrations and of claims. */
    static Scenario cutInMidCommit() {
        return Scenario.of("connections to the database break in mid-commit", play -> {
            List<String> writes = List.of("INSERT INTO registration", "UPDATE outbox_message AS m SET position");
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
            play.load.awaitMore(150, LONGEST);
            Await.until("Redis has moved on", LONGEST, () -> play.stage.pending() < 50);
            long logged = play.stage.fleet().logged(DIVERGED_LOGGED);
            play.databaseRestored();
            play.stage.postgres().restore(backup);
            play.faultEnded();
            int acknowledged = play.load.acknowledgements();
            Await.until(
                    "the divergence is found", LONGEST, () -> play.stage.fleet().logged(DIVERGED_LOGGED) > logged);
            play.note("%d had been acknowledged; what came after the backup is gone from the database", acknowledged);
        });
    }

    static Scenario copied() {
        return Scenario.onItsOwnStage("a copy of the database with an instance of its own on the same Redis", play -> {
            try (PostgresCluster copy =
                            PostgresCluster.startFrom(play.stage.postgres().backUp());
                    ServiceFleet others = new ServiceFleet(copy.port(), play.stage.redis(), List.of())) {
                others.add().awaitServing();
                try (Load otherLoad = new Load("copy", others::instances, Duration.ofMillis(30), 10, true, 1)) {
                    otherLoad.start();
                    Await.until(
                            "one of the two has stopped as diverged",
                            Duration.ofSeconds(60),
                            () -> isDiverged(play.stage.postgres()) || isDiverged(copy));
                    int popped = play.stage.consumer().popped().size();
                    play.load.awaitMore(30, LONGEST);
                    int more = play.stage.consumer().popped().size() - popped;
                    play.note(
                            "%s stopped; the queue got %d elements while it was so",
                            isDiverged(copy) ? "the copy" : "the original", more);
                    play.expect(more < 1000, "the two send each other's history for ever: %d elements", more);
                }
            }
            play.twoDatabases();
            // The operator has stopped the copy, and lets the original heal what the copy left in Redis.
            play.stage.postgres().jdbc().update("UPDATE outbox_partition SET state = 'running', diverged_at = NULL");
            play.faultEnded();
        });
    }

    private static boolean isDiverged(PostgresCluster cluster) {
        return cluster.jdbc()
                        .queryForObject("SELECT count(*) FROM outbox_partition WHERE state = 'diverged'", Integer.class)
                > 0;
    }
}
