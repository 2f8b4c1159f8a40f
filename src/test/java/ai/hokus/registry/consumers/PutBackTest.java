package ai.hokus.registry.consumers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.consumers.PutBack.Selection;
import ai.hokus.registry.outbox.OutboxSettings;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.queue.ConsumerLists;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.SettableClock;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Redis fails during a put-back, or somebody else is faster. */
class PutBackTest {

    private static final Duration STUCK_AFTER = Duration.ofMinutes(15);
    private static final Selection ALL = new Selection(ConsumerList.PROCESSING, null, STUCK_AFTER);

    private final SettableClock clock = new SettableClock();
    private final FailingLists lists = new FailingLists();
    private final HikariDataSource dataSource = TestDatabase.H2.newMigrated(1);
    private final TakenPositions positions = new TakenPositions();
    private final ListSampler sampler = new ListSampler(
            TestOutbox.on(dataSource, Duration.ZERO).partitions(),
            new OutboxSettings(1, Duration.ZERO, null),
            positions,
            new TakenMessages(JdbcClient.create(dataSource)),
            new ConsumerSettings(true, Duration.ofSeconds(5), STUCK_AFTER),
            clock,
            clock);
    private final PutBack putBack = new PutBack(
            new StaticListableBeanFactory(Map.of("lists", lists)).getBeanProvider(ConsumerLists.class),
            sampler,
            new ConsumerCache(positions, new TakenLatency(clock), clock));

    @AfterEach
    void close() {
        dataSource.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"AUTHENTICATION", "PERMISSION", "NOT_READY", "READ_ONLY", "OUT_OF_MEMORY", "WRONG_TYPE"})
    void what_redis_refused_to_put_back_is_as_old_as_before(Cause refusal) {
        stuck(2);
        lists.failureOfPutBack = refusal;
        assertThatThrownBy(this::execute).isInstanceOf(QueueUnavailableException.class);
        assertThat(putBack.preview(ALL).younger()).isZero();

        lists.failureOfPutBack = null;

        assertThat(execute()).isEqualTo(2);
    }

    /** A consumer may be at work on it already. */
    @ParameterizedTest
    @EnumSource(names = {"UNREACHABLE", "TIMEOUT", "TLS", "OTHER"})
    void what_was_perhaps_put_back_begins_anew(Cause failure) {
        stuck(2);
        lists.failureOfPutBack = failure;
        assertThatThrownBy(this::execute).isInstanceOf(QueueUnavailableException.class);

        assertThat(putBack.preview(ALL).younger()).isEqualTo(2);
    }

    /** After ten that are gone, the rest is not looked for. */
    @Test
    void what_stays_because_many_were_gone_is_as_old_as_before() {
        stuck(12);
        List<String> fitting = putBack.preview(ALL).fitting();
        fitting.subList(0, 10).forEach(text -> lists.remove(ConsumerList.PROCESSING, text));

        assertThat(putBack.execute(ConsumerList.PROCESSING, fitting)).isZero();

        assertThat(execute()).isEqualTo(2);
    }

    @Test
    void what_was_gone_meanwhile_is_said() {
        try (RunningService service = RunningService.on(TestDatabase.H2, Map.of(), ForgetfulLists.class)) {
            ForgetfulLists forgetful = service.bean(ForgetfulLists.class);
            forgetful.push(ConsumerList.DLQ, "{\"message_id\":\"1\"}");
            forgetful.push(ConsumerList.DLQ, "{\"message_id\":\"2\"}");

            assertThat(service.post("/outbox/put-back", "{\"list\":\"dlq\",\"all\":true,\"reason\":\"fixed\"}")
                            .body())
                    .contains(
                            "1 element of dlq went back",
                            "Gone meanwhile, or left there because many were gone (then ask again): 1");
        }
    }

    /** Somebody else is faster with the oldest element. */
    static class ForgetfulLists extends InMemoryMessageQueue {

        @Override
        public synchronized long putBack(ConsumerList list, List<String> elements, List<String> replacements) {
            remove(list, elements.get(0));
            return super.putBack(list, elements, replacements);
        }
    }

    private long execute() {
        return putBack.execute(ConsumerList.PROCESSING, putBack.preview(ALL).fitting());
    }

    private void stuck(int elements) {
        for (int n = 0; n < elements; n++) {
            lists.push(ConsumerList.PROCESSING, "{\"message_id\":\"" + n + "\"}");
        }
        sampler.look(lists);
        clock.advance(STUCK_AFTER);
    }

    private static class FailingLists extends InMemoryMessageQueue {

        private Cause failureOfPutBack; // null: it does not fail

        @Override
        public synchronized long putBack(ConsumerList list, List<String> elements, List<String> replacements) {
            if (failureOfPutBack != null) {
                throw new QueueUnavailableException(failureOfPutBack, "no", null);
            }
            return super.putBack(list, elements, replacements);
        }
    }
}
