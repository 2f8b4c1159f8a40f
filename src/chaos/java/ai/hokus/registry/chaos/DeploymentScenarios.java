package ai.hokus.registry.chaos;

import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What can happen around an instance: deployments, and the disk under its embedded database. */
final class DeploymentScenarios {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final String OTHER_QUEUE = "renamed";
    private static final int FILE_LIMIT_KB = 3 * 1024;

    private DeploymentScenarios() {}

    static Scenario rolling() {
        return Scenario.of("a rolling deployment: new instances start, old ones are asked to stop", play -> {
            ServiceFleet fleet = play.stage.fleet();
            List<ServiceInstance> old = fleet.instances();
            for (ServiceInstance instance : old) {
                fleet.add().awaitServing();
                play.expect(instance.terminate(), "%s did not stop when it was asked to", instance.name());
                fleet.remove(instance);
            }
            play.note("%d instances replaced", old.size());
        });
    }

    /** It accepts registrations, which the others deliver, and waits for an operator's word. */
    static Scenario twoQueueNames() {
        return Scenario.onItsOwnStage("an instance is configured for another queue", play -> {
            PostgresCluster postgres = play.stage.postgres();
            ServiceFleet fleet = play.stage.fleet();
            String queue = play.stage.redis().queue();
            ServiceInstance other = fleet.add(Map.of(), List.of("--registry.queue.name=" + OTHER_QUEUE));
            other.awaitServing();
            Await.until("it says that it does not relay", TIMEOUT, () -> notRelaying(postgres) == 1);
            play.note("beside it, delivered after %.1f s", play.secondsUntilDelivered());
            play.expect(depthOfOtherQueue(play) == 0, "the other queue got %d elements", depthOfOtherQueue(play));

            play.operatorActed();
            play.mayComeAgain();
            // What comes meanwhile would only have to be sent twice.
            play.load.rest();
            adopt(postgres, OTHER_QUEUE);
            Await.until("once its name is adopted it delivers", TIMEOUT, () -> depthOfOtherQueue(play) > 0);
            adopt(postgres, queue);
            other.kill();
            fleet.remove(other);
            play.load.resume();
            play.faultEnded();
            play.note("after the way back, delivered after %.1f s", play.secondsUntilDelivered());
        });
    }

    private static long depthOfOtherQueue(Play play) {
        return (Long) play.stage.redis().run("LLEN", OTHER_QUEUE);
    }

    /** Instances that have said so last. */
    private static int notRelaying(PostgresCluster postgres) {
        return postgres.jdbc()
                .queryForObject("SELECT count(*) FROM outbox_relay WHERE state = 'not_relaying'", Integer.class);
    }

    private static void adopt(PostgresCluster postgres, String queue) {
        postgres.jdbc().update("UPDATE outbox SET queue_name = ?", queue);
    }

    /** The two relays take turns, each in its own Redis: each turn finds that the queue lacks what the other one took. */
    static Scenario twoRedisServers() {
        return Scenario.onItsOwnStage("an instance of the fleet has another Redis", play -> {
            ServiceFleet fleet = play.stage.fleet();
            play.mayComeAgain();
            try (TestRedis second = TestRedis.start()) {
                ServiceInstance other = fleet.add(Map.of("REDIS_URL", "redis://127.0.0.1:" + second.port()), List.of());
                other.awaitServing();
                Await.until(
                        "both get messages, in turns",
                        TIMEOUT,
                        () -> (Long) second.run("LLEN", play.stage.redis().queue()) > 0 && play.stage.rewinds() > 3);
                play.note("delivered after %.1f s all the same", play.secondsUntilDelivered());
                other.kill();
                fleet.remove(other);
            }
            play.faultEnded();
        });
    }

    /** The fleet's load goes on beside it; this one has an instance, a database and a load of its own. */
    static Scenario diskFull() {
        return Scenario.of("the disk is full under the embedded database", play -> {
            Path folder = Children.folder("h2");
            Map<String, String> environment = Map.of(
                    "REDIS_URL",
                    "redis://127.0.0.1:" + play.stage.redis().primary().port(),
                    "API_KEYS_FILE",
                    ServiceFleet.apiKeys(folder).toString());
            Set<String> acknowledged = fillUp(play, folder, environment);
            Set<String> stored = stored(folder);
            Set<String> missing = new HashSet<>(acknowledged);
            missing.removeAll(stored);
            play.expect(missing.isEmpty(), "acknowledged, but not stored: %s", missing);

            try (ServiceInstance service =
                    new ServiceInstance("embedded", folder, environment, List.of(), ServiceFleet.settings())) {
                service.launch(Map.of());
                service.awaitServing();
                Await.until(
                        "all that is stored is delivered",
                        TIMEOUT,
                        () -> stored.stream().allMatch(play.stage.consumer()::has));
            }
            play.note(
                    "%d acknowledged before the disk was full, all of them stored and delivered", acknowledged.size());
        });
    }

    private static Set<String> fillUp(Play play, Path folder, Map<String, String> environment) {
        List<String> limited = List.of("bash", "-c", "ulimit -f " + FILE_LIMIT_KB + "; exec \"$@\"", "limited");
        try (ServiceInstance service =
                new ServiceInstance("embedded", folder, environment, limited, ServiceFleet.settings())) {
            service.launch(Map.of());
            service.awaitServing();
            Load load = new Load("disk", () -> List.of(service), Duration.ofMillis(5), 30_000, false, 1);
            load.start();
            Await.until(
                    "registrations are refused because the disk is full",
                    TIMEOUT,
                    () -> load.refusals().size() > 20);
            int atTheEnd = load.acknowledgements();
            load.stop();
            play.expect(atTheEnd > 10, "only %d registrations before the disk was full", atTheEnd);
            play.expect(load.surprises().isEmpty(), "answers other than 200 and 503: %s", load.surprises());
            play.expect(
                    load.refusals().get(0).contains("database"),
                    "the answer does not name the database: %s",
                    load.refusals().get(0));
            play.expect(alive(service), "an instance whose disk is full no longer answers the load balancer");
            return new HashSet<>(load.acknowledged());
        }
    }

    private static boolean alive(ServiceInstance service) {
        try {
            return service.get("/live").statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private static Set<String> stored(Path folder) {
        Set<String> stored = new HashSet<>();
        String url = "jdbc:h2:file:" + folder.resolve("data/registry")
                + ";IFEXISTS=TRUE;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE";
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("""
                        SELECT r.model_name, r.version, r.token_id
                        FROM registration r JOIN outbox_message m ON m.message_id = r.message_id
                        """)) {
            while (rows.next()) {
                stored.add(rows.getString(1) + "/" + rows.getString(2) + "/" + rows.getString(3));
            }
        } catch (SQLException e) {
            throw new AssertionError("the database cannot be read after its disk was full: " + e.getMessage(), e);
        }
        return stored;
    }
}
