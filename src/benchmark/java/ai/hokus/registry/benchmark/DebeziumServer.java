package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.Children;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * Debezium Server with the outbox event router and a Redis stream, as a process of its own. It relies on being restarted: when
 * it exits by itself, it is started again, as a container would be.
 */
final class DebeziumServer implements AutoCloseable {

    static final String SLOT = "debezium";

    /**
     * Each is described in its documentation of version 3.0, under https://debezium.io/documentation/reference/3.0/:
     *
     * <ul>
     *   <li>operations/debezium-server.html, "Redis (Stream)": the sink, in batches of 500, its default; "Format configuration":
     *       payloads as they are, which is the least work; offsets in a file, as in its example, written each second, as in
     *       Redis' own examples for Debezium Server.
     *   <li>transformations/outbox-event-router.html, "Basic configuration".
     *   <li>connectors/postgresql.html, "Connector properties": PostgreSQL's own plugin; no snapshot, since the outbox is
     *       empty; four times the default's batch and queue, for a backlog; a look into the queue each 5 ms instead of 500,
     *       for a short way.
     * </ul>
     */
    private static final String SETTINGS = """
            debezium.sink.type=redis
            debezium.sink.redis.address=127.0.0.1:%1$d
            debezium.sink.redis.batch.size=500
            debezium.format.key=simplestring
            debezium.format.value=simplestring
            debezium.transforms=outbox
            debezium.transforms.outbox.type=io.debezium.transforms.outbox.EventRouter
            debezium.source.connector.class=io.debezium.connector.postgresql.PostgresConnector
            debezium.source.database.hostname=127.0.0.1
            debezium.source.database.port=%2$d
            debezium.source.database.user=postgres
            debezium.source.database.password=none
            debezium.source.database.dbname=%3$s
            debezium.source.topic.prefix=benchmark
            debezium.source.table.include.list=public.outboxevent
            debezium.source.plugin.name=pgoutput
            debezium.source.publication.autocreate.mode=filtered
            debezium.source.slot.name=%4$s
            debezium.source.snapshot.mode=no_data
            debezium.source.tombstones.on.delete=false
            debezium.source.max.batch.size=8192
            debezium.source.max.queue.size=32768
            debezium.source.poll.interval.ms=5
            debezium.source.offset.storage.file.filename=offsets.dat
            debezium.source.offset.flush.interval.ms=1000
            quarkus.http.host=127.0.0.1
            quarkus.http.port=%5$d
            quarkus.log.console.json=false
            """;

    private static final int OLDEST_JAVA = 21;
    private static final int MOST_RESTARTS = 20;
    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);

    private final PostgresCluster postgres;
    private final Path folder;
    private final Path log;
    private Process process; // guarded by this, as what follows
    private boolean streams;
    private int restarts;

    private DebeziumServer(PostgresCluster postgres, Path folder) {
        this.postgres = postgres;
        this.folder = folder;
        this.log = folder.resolve("log");
    }

    /** As its program's name has it: {@code debezium-server-dist-VERSION-runner.jar}. */
    static String version() {
        return Stream.of(home().toFile().list())
                .filter(name -> name.endsWith("-runner.jar"))
                .map(name -> name.replaceAll("debezium-server-dist-|.Final|-runner.jar", ""))
                .findFirst()
                .orElseThrow();
    }

    private static Path home() {
        return Path.of(System.getProperty("debezium.home"));
    }

    /** Returns when it streams: what is committed to the table {@code outboxevent} from now on is delivered. */
    static DebeziumServer start(PostgresCluster postgres, String database, TestRedis redis) throws IOException {
        Path folder = Children.folder("debezium");
        Path config = Files.createDirectory(folder.resolve("config"));
        Files.writeString(
                config.resolve("application.properties"),
                SETTINGS.formatted(redis.port(), postgres.port(), database, SLOT, TestRedis.freePort()));
        DebeziumServer server = new DebeziumServer(postgres, folder);
        server.launch();
        try {
            server.awaitStreaming();
        } catch (Throwable failed) {
            server.close();
            throw failed;
        }
        return server;
    }

    private synchronized void launch() {
        Path home = home();
        // As its run.sh does.
        process = Children.start(
                new ProcessBuilder(java(), "-cp", home + "/*:" + home.resolve("lib") + "/*", "io.debezium.server.Main")
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())));
        process.onExit().thenRun(this::launchAgain);
    }

    private synchronized void launchAgain() {
        if (streams && restarts < MOST_RESTARTS) {
            restarts++;
            launch();
        }
    }

    private synchronized void awaitStreaming() {
        Await.until("Debezium Server streams", START_TIMEOUT, () -> {
            if (!process.isAlive()) {
                throw new AssertionError("Debezium Server ended:\n" + Files.readString(log));
            }
            return postgres.jdbc()
                    .queryForObject(
                            "SELECT count(*) = 1 FROM pg_replication_slots WHERE slot_name = ? AND active",
                            Boolean.class,
                            SLOT);
        });
        streams = true;
    }

    /** Stands still until {@link #resume}; what it has read is not delivered meanwhile. */
    synchronized void freeze() {
        Children.signal(process, "STOP");
    }

    synchronized void resume() {
        Children.signal(process, "CONT");
    }

    /** How often it ended by itself and was started again. */
    synchronized int restarts() {
        return restarts;
    }

    @Override
    public void close() {
        Process last;
        synchronized (this) {
            streams = false;
            last = process;
        }
        Children.kill(last);
        Children.delete(folder);
    }

    /** This JVM's where that is new enough; else the one that BENCHMARK_JDK21 names, or the newest that is installed. */
    private static String java() {
        if (Runtime.version().feature() >= OLDEST_JAVA) {
            return ServiceUnderTest.java();
        }
        String named = System.getenv("BENCHMARK_JDK21");
        return Optional.ofNullable(named)
                .map(Path::of)
                .or(DebeziumServer::installed)
                .map(home -> home.resolve("bin").resolve("java").toString())
                .orElseThrow(() -> new IllegalStateException("Debezium Server needs a Java " + OLDEST_JAVA
                        + " or newer: set BENCHMARK_JDK21 to its folder"));
    }

    private static Optional<Path> installed() {
        try (Stream<Path> folders = Files.list(Path.of("/usr/lib/jvm"))) {
            return folders.filter(folder -> release(folder) >= OLDEST_JAVA)
                    .max(Comparator.comparing(DebeziumServer::release));
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    /** Its feature release, or 0. */
    private static int release(Path javaHome) {
        Properties release = new Properties();
        try (var file = Files.newBufferedReader(javaHome.resolve("release"))) {
            release.load(file);
            return Runtime.Version.parse(release.getProperty("JAVA_VERSION").replace("\"", ""))
                    .feature();
        } catch (IOException noJava) {
            return 0;
        }
    }
}
