package ai.hokus.registry.consumers;

import static ai.hokus.registry.queue.MessageQueueContract.append;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.OutboxPartitions;
import ai.hokus.registry.outbox.OutboxSettings;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.support.SettableClock;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;

class ListSamplerTest {

    /** Each failure can take seconds, and after some of them the look would be too old. */
    @Test
    void a_database_that_is_away_is_asked_once_and_the_lists_are_known() {
        SettableClock clock = new SettableClock();
        InMemoryMessageQueue queue = new InMemoryMessageQueue();
        AtomicInteger asked = new AtomicInteger();
        try (HikariDataSource dataSource = TestDatabase.H2.newMigrated(1)) {
            OutboxPartitions partitions =
                    TestOutbox.on(dataSource, Duration.ZERO).partitions();
            DelegatingDataSource away = new DelegatingDataSource(dataSource) {
                @Override
                public Connection getConnection() throws SQLException {
                    asked.incrementAndGet();
                    throw new SQLException("the database is away");
                }
            };
            ListSampler sampler = new ListSampler(
                    partitions,
                    new OutboxSettings(8, Duration.ZERO, null),
                    new TakenPositions(),
                    new TakenMessages(JdbcClient.create(away)),
                    new ConsumerSettings(true, Duration.ofSeconds(5), Duration.ofMinutes(15)),
                    clock,
                    clock);
            for (int partition = 0; partition < 8; partition++) {
                queue.append(new ProducerId(partitions.outboxId(), partition), append(null, "v1:1:1:1:0", "m"));
            }

            assertThat(sampler.look(queue).depth()).isEqualTo(8);

            assertThat(asked).hasValue(1);
        }
    }
}
