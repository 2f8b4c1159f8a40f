package ai.hokus.registry.registration;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.web.StrictJson;
import com.zaxxer.hikari.HikariDataSource;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.core.Ordered;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import tools.jackson.databind.JsonNode;

/** A database that stalls, because every connection is taken and nobody gives one back; and clients that read slowly, or much. */
class OverloadTest {

    private static final int CONNECTIONS = 2;
    private static final int AT_ONCE = 3;
    private static final int CLIENTS = 12;
    private static final int READS = 8;

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

    @Test
    void whoever_reads_slowly_keeps_nobody_from_registering() throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try (RunningService service = RunningService.on(
                TestDatabase.H2,
                Map.of("registry.registration.max-concurrent-requests", Integer.toString(AT_ONCE)),
                SlowReads.class)) {
            SlowReads slow = service.bean(SlowReads.class);
            List<Future<HttpResponse<String>>> answers = new ArrayList<>();
            for (int n = 0; n < READS; n++) {
                answers.add(clients.submit(() -> service.get("/models")));
            }
            assertThat(slow.begun.await(10, SECONDS)).isTrue();

            service.register("a", "0");
            HttpResponse<String> oneMore = service.get("/models");
            assertThat(oneMore.statusCode()).isEqualTo(429);
            assertThat(oneMore.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(oneMore.body()).contains("being read").doesNotContain("stored");

            slow.mayEnd.countDown();
            for (Future<HttpResponse<String>> answer : answers) {
                assertThat(answer.get().statusCode()).isEqualTo(200);
            }
            assertThat(service.get("/models").statusCode()).isEqualTo(200);
        } finally {
            clients.shutdownNow();
        }
    }

    /** Begins after the limit has let a read in. */
    static class SlowReads implements WebMvcConfigurer, HandlerInterceptor {

        private final CountDownLatch begun = new CountDownLatch(READS);
        private final CountDownLatch mayEnd = new CountDownLatch(1);

        @Override
        public void addInterceptors(InterceptorRegistry registry) {
            registry.addInterceptor(this).order(Ordered.LOWEST_PRECEDENCE);
        }

        @Override
        public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
                throws InterruptedException {
            begun.countDown();
            return request.getMethod().equals("POST") || mayEnd.await(10, SECONDS);
        }
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void large_registrations_make_short_pages(TestDatabase database) {
        try (RunningService service = RunningService.on(database, Map.of())) {
            for (int n = 0; n < 40; n++) {
                service.register("a", Integer.toString(n));
            }
            service.jdbc().update("UPDATE registration SET tags = ?", "{\"a\":\"" + "x".repeat(250 * 1024) + "\"}");

            List<Integer> pages = new ArrayList<>();
            JsonNode page =
                    StrictJson.MAPPER.readTree(service.get("/models?limit=200").body());
            for (;
                    !page.get("next").isNull();
                    page = StrictJson.MAPPER.readTree(service.get("/models?limit=200&after=" + page.get("next"))
                            .body())) {
                pages.add(page.get("registrations").size());
            }
            pages.add(page.get("registrations").size());

            assertThat(pages).containsExactly(17, 17, 6);
        }
    }
}
