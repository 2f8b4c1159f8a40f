package ai.hokus.registry.operations;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the answer to a pause says, over the whole application, with a Redis. */
class PauseTest {

    private static final String BODY = "{\"reason\":\"because\"}";

    @Test
    void a_pause_is_answered_when_no_append_can_succeed_any_more_or_says_that_this_is_still_to_come() {
        try (TestRedis redis = TestRedis.start();
                RunningService service = RunningService.on(
                        TestDatabase.H2,
                        Map.of(
                                "REDIS_URL", redis.url(),
                                "registry.queue.connect-timeout", "300ms",
                                "registry.queue.command-timeout", "300ms",
                                "registry.relay.interval", "100ms",
                                "registry.relay.max-backoff", "500ms"))) {
            service.register("model", "1");

            HttpResponse<String> fenced = service.post("/outbox/partitions/0/pause", BODY);
            assertThat(fenced.statusCode()).as(fenced.body()).isEqualTo(200);
            assertThat(fenced.body()).contains("\"fenced\":true");
            assertThat(service.get("/outbox/status").body())
                    .contains("\"state\":\"paused\",\"paused\":true,\"fenced\":true");

            service.post("/outbox/partitions/0/resume", BODY);
            redis.kill();
            HttpResponse<String> unfenced = service.post("/outbox/partitions/all/pause", BODY);
            assertThat(unfenced.statusCode()).as(unfenced.body()).isEqualTo(202);
            assertThat(unfenced.body()).contains("\"fenced\":false").contains("not fenced yet");
            service.jdbc().update("UPDATE outbox_partition SET stopped_at = CURRENT_TIMESTAMP");
            assertThat(service.get("/outbox/status").body())
                    .contains("\"state\":\"stopped\",\"paused\":true,\"fenced\":false");
            service.jdbc().update("UPDATE outbox_partition SET stopped_at = NULL");

            redis.restart();
            HttpResponse<String> asked = service.post("/outbox/partitions/all/pause", BODY);
            assertThat(asked.statusCode()).as(asked.body()).isEqualTo(200);
            assertThat(asked.body()).contains("\"executed\":false").contains("\"fenced\":true");
        }
    }
}
