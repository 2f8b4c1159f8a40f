package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What retention deletes while the queue is away: nothing. */
class RetentionTest {

    private static final String QUEUE = "retention";

    @Test
    void what_the_queue_forgot_in_an_outage_longer_than_retention_is_sent_again() {
        try (TestRedis redis = TestRedis.start();
                RunningService service = RunningService.on(
                        TestDatabase.H2, Map.of("REDIS_URL", redis.url(), "registry.queue.name", QUEUE))) {
            for (int n = 0; n < 5; n++) {
                service.register("model", "v" + n);
            }
            Eventually.await("all is delivered", () -> redis.run("LLEN", QUEUE).equals(5L));
            Relay relay = service.bean(Relay.class);
            Eventually.await("and known to be", () -> relay.statuses().get(0).state() == RelayState.IDLE);

            redis.kill();
            Eventually.await(
                    "the outage is noticed", () -> relay.statuses().get(0).state() == RelayState.WAITING);
            service.jdbc().update("UPDATE outbox_delivery SET delivered_at = delivered_at - INTERVAL '2' DAY");
            service.bean(Retention.class).run();
            redis.restart(); // with nothing in it

            Eventually.await("all is sent again", () -> redis.run("LLEN", QUEUE).equals(5L));
            Eventually.await("and known to be", () -> relay.statuses().get(0).state() == RelayState.IDLE);
            service.jdbc().update("UPDATE outbox_delivery SET delivered_at = delivered_at - INTERVAL '2' DAY");
            service.jdbc().update("UPDATE outbox_rewind SET rewound_at = rewound_at - INTERVAL '2' DAY");
            service.bean(Retention.class).run();
            assertThat(service.jdbc().queryForObject("SELECT count(*) FROM outbox_message", Long.class))
                    .as("what is old goes, but for the last batch")
                    .isEqualTo(service.jdbc()
                            .queryForObject(
                                    "SELECT last_position - first_position + 1 FROM outbox_batch"
                                            + " WHERE first_position = (SELECT max(first_position) FROM outbox_batch)",
                                    Long.class));
        }
    }
}
