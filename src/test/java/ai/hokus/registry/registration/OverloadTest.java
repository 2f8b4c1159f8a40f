package ai.hokus.registry.registration;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** A database that stalls: every connection is taken, and nobody gives one back. */
class OverloadTest {

    private static final int CONNECTIONS = 2;
    private static final int AT_ONCE = 3;
    private static final int CLIENTS = 12;

    @Test
    void whoever_is_let_in_waits_no_longer_than_for_a_connection_and_the_rest_is_answered_at_once() throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try (RunningService service = RunningService.on(
                TestDatabase.H2,
                Map.of(
                        "spring.datasource.hikari.maximum-pool-size",
                        Integer.toString(CONNECTIONS),
                        "registry.registration.max-concurrent-requests",
                        Integer.toString(AT_ONCE)))) {
            HikariDataSource pool = service.bean(HikariDataSource.class);
            List<Connection> taken = new ArrayList<>();
            for (int n = 0; n < CONNECTIONS; n++) {
                taken.add(pool.getConnection());
            }
            List<Future<HttpResponse<String>>> answers = new ArrayList<>();
            for (int n = 0; n < CLIENTS; n++) {
                String version = Integer.toString(n);
                answers.add(clients.submit(() -> service.post(
                        "/models/tokenized-registration-events", RunningService.registration("a", version))));
            }

            assertThat(service.get("/live").statusCode()).isEqualTo(200);
            List<String> bodies = new ArrayList<>();
            for (Future<HttpResponse<String>> answer : answers) {
                assertThat(answer.get().statusCode()).isEqualTo(503);
                assertThat(answer.get().headers().firstValue("Retry-After")).hasValue("1");
                bodies.add(answer.get().body());
            }
            assertThat(bodies)
                    .anyMatch(body -> body.contains("Too many requests are under way"))
                    .anyMatch(body -> body.contains("Nothing was stored"))
                    .allMatch(body ->
                            body.contains("Too many requests are under way") || body.contains("Nothing was stored"));

            for (Connection connection : taken) {
                connection.close();
            }
            service.register("a", "0");
            assertThat(service.jdbc().queryForObject("SELECT count(*) FROM registration", Long.class))
                    .isEqualTo(1);
        } finally {
            clients.shutdownNow();
        }
    }
}
