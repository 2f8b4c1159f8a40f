package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The embedded default, killed with SIGKILL while it takes registrations. */
class KilledServiceIT {

    private static final int CLIENTS = 4;
    private static final int ACKNOWLEDGED_BEFORE_THE_KILL = 400;

    @TempDir
    Path directory;

    @Test
    void every_acknowledged_registration_and_its_message_survive_a_kill() throws Exception {
        Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
        try (ServiceProcess service = ServiceProcess.start(directory, Map.of())) {
            CountDownLatch enough = new CountDownLatch(ACKNOWLEDGED_BEFORE_THE_KILL);
            List<Thread> clients = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                String model = "model-" + client;
                clients.add(new Thread(() -> registerUntilKilled(service, model, acknowledged, enough)));
            }
            clients.forEach(Thread::start);
            enough.await();
            service.kill();
            for (Thread client : clients) {
                client.join();
            }
        }

        try (ServiceProcess service = ServiceProcess.start(directory, Map.of())) {
            assertThat(service.get("/models?limit=1").statusCode()).isEqualTo(200);
            Set<String> stored = storedWithTheirMessage();
            assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(ACKNOWLEDGED_BEFORE_THE_KILL);
            assertThat(stored).containsAll(acknowledged);
        }
    }

    private static void registerUntilKilled(
            ServiceProcess service, String model, Queue<String> acknowledged, CountDownLatch enough) {
        for (int version = 0; ; version++) {
            String body = """
                    {"model_name":"%s","version":"%d","token_id":"T","proposal_identifier":"P","metric_name":"f1",
                     "baseline_value":0.5,"mlflow_run_id":"r"}""".formatted(model, version);
            try {
                if (service.post("/models/tokenized-registration-events", body).statusCode() == 200) {
                    acknowledged.add(model + "/" + version + "/T");
                    enough.countDown();
                }
            } catch (UncheckedIOException killed) {
                return;
            }
        }
    }

    /** Read as an operator would: a second process on the running service's file (AUTO_SERVER). */
    private Set<String> storedWithTheirMessage() throws SQLException {
        Set<String> stored = new TreeSet<>();
        String url = "jdbc:h2:file:" + directory.resolve("data/registry") + ";AUTO_SERVER=TRUE;IFEXISTS=TRUE";
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                ResultSet rows = connection.createStatement().executeQuery("""
                                SELECT r.model_name, r.version, r.token_id
                                FROM registration r JOIN outbox_message m ON m.message_id = r.message_id
                                """)) {
            while (rows.next()) {
                stored.add(rows.getString(1) + "/" + rows.getString(2) + "/" + rows.getString(3));
            }
        }
        return stored;
    }
}
