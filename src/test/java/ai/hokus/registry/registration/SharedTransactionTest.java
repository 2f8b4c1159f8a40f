package ai.hokus.registry.registration;

import static ai.hokus.registry.registration.Examples.newRegistration;
import static ai.hokus.registry.registration.Examples.request;
import static ai.hokus.registry.registration.Examples.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.registration.StoreResult.StoreAlone;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.util.unit.DataSize;

/** What several registrations in one transaction get, on every database. */
class SharedTransactionTest {

    private final List<AutoCloseable> toClose = new ArrayList<>();
    private final List<Thread> threads = new CopyOnWriteArrayList<>();
    private final Bulkhead alone = Bulkhead.of(
            "alone",
            BulkheadConfig.custom()
                    .maxConcurrentCalls(2)
                    .maxWaitDuration(Duration.ofSeconds(30))
                    .build());
    private final List<UUID> told = Collections.synchronizedList(new ArrayList<>());
    private JdbcTemplate jdbc;
    private TestOutbox outbox;
    private RegistrationRepository repository;
    private WatchedTransactions transactions;
    private RegistrationTransaction transaction;

    private void on(TestDatabase database) {
        on(database.newMigrated(1));
    }

    private void on(HikariDataSource pool) {
        toClose.add(0, pool);
        jdbc = new JdbcTemplate(pool);
        outbox = TestOutbox.on(
                pool,
                Duration.ofHours(1),
                appended -> told.add(appended.message().messageId()));
        repository = new RegistrationRepository(jdbc);
        transactions = new WatchedTransactions(pool);
        transaction = new RegistrationTransaction(repository, outbox.outbox(), transactions);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : toClose) {
            each.close();
        }
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void each_gets_its_own_answer_and_only_what_is_new_is_written(TestDatabase database) {
        on(database);
        stored(newRegistration("a", "1"));
        stored(newRegistration("b", "1"));
        int commits = transactions.commits.get();
        NewRegistration another = newRegistration("a", "2");
        NewRegistration twice = newRegistration("b", "2");

        List<StoreResult> results = transaction.storeTogether(List.of(
                newRegistration("a", "1"),
                another,
                newRegistration(request(with("mlflow_run_id", "\"other\"")
                        .replace("\"churn\"", "\"b\"")
                        .replace("\"3\"", "\"1\""))),
                twice,
                newRegistration("b", "2"),
                newRegistration("new", "1")));

        assertThat(results)
                .containsExactly(
                        RegistrationResult.ALREADY_REGISTERED,
                        RegistrationResult.REGISTERED,
                        RegistrationResult.CONFLICT,
                        RegistrationResult.REGISTERED,
                        RegistrationResult.ALREADY_REGISTERED,
                        RegistrationResult.REGISTERED);
        assertThat(jdbc.queryForList("SELECT message_id FROM registration ORDER BY id", UUID.class))
                .isEqualTo(messages())
                .hasSize(5);
        assertThat(transactions.commits.get() - commits).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void messages_are_written_and_told_of_in_order_of_arrival(TestDatabase database) {
        on(database);
        stored(newRegistration("a", "0"));
        stored(newRegistration("b", "0"));
        List<NewRegistration> registrations = new ArrayList<>();
        for (int n = 1; n <= 40; n++) {
            registrations.add(newRegistration(n % 3 == 0 ? "b" : "a", Integer.toString(n)));
        }

        transaction.storeTogether(registrations);

        List<UUID> written = messages();
        assertThat(written.subList(2, written.size()))
                .isEqualTo(registrations.stream()
                        .map(each -> each.message().messageId())
                        .toList());
        assertThat(told).isEqualTo(written);
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void a_model_that_another_transaction_holds_is_left_over_and_waited_for_by_nobody_else(TestDatabase database)
            throws Exception {
        on(database);
        List.of("a", "b", "c").forEach(model -> stored(newRegistration(model, "1")));
        RegistrationService service = service();
        Future<RegistrationResult> waiting;
        try (Connection other = holdModel("b")) {
            assertThat(transaction.storeTogether(
                            List.of(newRegistration("a", "2"), newRegistration("b", "2"), newRegistration("c", "2"))))
                    .containsExactly(RegistrationResult.REGISTERED, new StoreAlone(), RegistrationResult.REGISTERED);

            waiting = CompletableFuture.supplyAsync(() -> service.register(request("b", "3"), "ada"));
            Eventually.await("its own transaction has begun", () -> transactions.begun.get() >= 6);

            assertThat(service.register(request("a", "3"), "ada")).isEqualTo(RegistrationResult.REGISTERED);
            assertThat(waiting).isNotDone();
            other.rollback();
        }
        assertThat(waiting.get(30, TimeUnit.SECONDS)).isEqualTo(RegistrationResult.REGISTERED);
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void those_that_wait_for_a_held_model_take_no_more_than_their_share_of_the_connections(TestDatabase database)
            throws Exception {
        on(database);
        List.of("a", "b").forEach(model -> stored(newRegistration(model, "1")));
        RegistrationService service = service();
        List<Future<RegistrationResult>> waiting = new ArrayList<>();
        try (Connection other = holdModel("b")) {
            for (String version : List.of("2", "3", "4", "5")) {
                waiting.add(inAnotherThread(() -> service.register(request("b", version), "ada")));
            }
            Eventually.await("two have what there is, two wait for it", () -> threadsIn("SemaphoreBulkhead") == 2);

            assertThat(service.register(request("a", "2"), "ada")).isEqualTo(RegistrationResult.REGISTERED);
            assertThat(waiting).noneMatch(Future::isDone);
            other.rollback();
        }
        for (Future<RegistrationResult> each : waiting) {
            assertThat(each.get(30, TimeUnit.SECONDS)).isEqualTo(RegistrationResult.REGISTERED);
        }
        assertThat(alone.getMetrics().getAvailableConcurrentCalls()).isEqualTo(2);
    }

    /** Another transaction holds up both until each has made its first model, or would wait for the other's. */
    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void two_instances_that_make_the_same_models_in_opposite_order_do_not_wait_for_each_other(TestDatabase database)
            throws Exception {
        on(database);
        List<String> models = List.of("a", "b", "c");
        Future<List<StoreResult>> one;
        Future<List<StoreResult>> another;
        try (Connection other = makeModel("b")) {
            one = inAnotherThread(() -> transaction.storeTogether(each(models, "1")));
            Eventually.await("one waits", () -> waiting(database) == 1);
            another = inAnotherThread(() -> new RegistrationTransaction(repository, outbox.outbox(), transactions)
                    .storeTogether(each(List.of("c", "b", "a"), "2")));
            Eventually.await("both wait", () -> waiting(database) == 2);
            other.rollback();
        }

        assertThat(one.get(30, TimeUnit.SECONDS))
                .containsOnly(RegistrationResult.REGISTERED)
                .hasSize(3);
        assertThat(another.get(30, TimeUnit.SECONDS))
                .containsOnly(new StoreAlone())
                .hasSize(3);
        assertThat(jdbc.queryForList("SELECT name FROM model ORDER BY name", String.class))
                .isEqualTo(models);
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void a_new_model_whose_maker_does_not_end_keeps_nobody_else_from_being_stored(TestDatabase database)
            throws Exception {
        HikariConfig impatient = config(database);
        impatient.setConnectionInitSql(
                database == TestDatabase.H2 ? "SET LOCK_TIMEOUT 200" : "SET lock_timeout = '200ms'");
        on(new HikariDataSource(impatient));
        try (GroupCommit group = new GroupCommit(1, 10, Duration.ofMinutes(1), transaction::storeTogether);
                Connection other = makeModel("x")) {
            NewRegistration held = newRegistration("x", "1");

            assertThatThrownBy(() -> transaction.storeTogether(List.of(held, newRegistration("a", "1"))))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(group.store(held)).isEqualTo(new StoreAlone());

            assertThat(service().register(request("a", "1"), "ada")).isEqualTo(RegistrationResult.REGISTERED);
            assertThat(messages()).hasSize(1);
            other.rollback();
        }
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void a_commit_that_fails_leaves_all_in_doubt(TestDatabase database) {
        on(database);
        stored(newRegistration("a", "1"));
        transactions.commitsFail = true;

        assertThatThrownBy(
                        () -> transaction.storeTogether(List.of(newRegistration("a", "2"), newRegistration("a", "3"))))
                .isInstanceOf(CommitInDoubtException.class);
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void a_message_that_cannot_be_written_leaves_nothing_of_any(TestDatabase database) {
        on(database);
        stored(newRegistration("a", "1"));
        NewRegistration one = newRegistration("a", "2");
        NewRegistration withItsMessageId =
                new NewRegistration(newRegistration("a", "3").event(), one.fingerprint(), one.message());

        assertThatThrownBy(() -> transaction.storeTogether(List.of(one, newRegistration("a", "4"), withItsMessageId)))
                .isInstanceOf(DataAccessException.class);

        assertThat(jdbc.queryForList("SELECT version FROM registration", String.class))
                .containsExactly("1");
        assertThat(messages()).hasSize(1);
        assertThat(told).hasSize(1);
    }

    /** Such a driver reports neither that a row was inserted nor that it was not: its registration would get no message. */
    @Test
    void a_driver_that_does_not_count_stores_nothing_together_and_each_alone() {
        HikariConfig config = config(TestDatabase.POSTGRESQL);
        config.setJdbcUrl(config.getJdbcUrl() + "&reWriteBatchedInserts=true");
        on(new HikariDataSource(config));
        stored(newRegistration("a", "1"));
        NewRegistration two = newRegistration("a", "2");
        List<NewRegistration> together = List.of(two, newRegistration("a", "3"));

        assertThatThrownBy(() -> transaction.storeTogether(together))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("reWriteBatchedInserts");
        assertThat(stored(two)).isEqualTo(RegistrationResult.REGISTERED);
        assertThat(messages()).hasSize(2);
    }

    /** Of another pool on a new database. */
    private HikariConfig config(TestDatabase database) {
        HikariDataSource pool = database.newMigrated(1);
        toClose.add(pool);
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(pool.getJdbcUrl());
        config.setUsername(pool.getUsername());
        return config;
    }

    private RegistrationResult stored(NewRegistration registration) {
        return transaction.storeAlone(registration);
    }

    private long threadsIn(String name) {
        return threads.stream()
                .filter(thread -> Stream.of(thread.getStackTrace())
                        .anyMatch(frame -> frame.toString().contains(name)))
                .count();
    }

    private RegistrationService service() {
        RegistrationService service = new RegistrationService(
                repository,
                outbox.outbox(),
                transactions,
                Clock.systemUTC(),
                new RegistrationSettings(DataSize.ofKilobytes(256), DataSize.ofMegabytes(1), 150, 1),
                alone);
        toClose.add(0, service);
        return service;
    }

    private List<UUID> messages() {
        return jdbc.queryForList("SELECT message_id FROM outbox_message ORDER BY id", UUID.class);
    }

    private <T> Future<T> inAnotherThread(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, task -> {
            Thread thread = new Thread(task);
            threads.add(thread);
            thread.start();
        });
    }

    private static List<NewRegistration> each(List<String> models, String version) {
        return models.stream().map(model -> newRegistration(model, version)).toList();
    }

    /** Transactions that wait for another one; on H2 they do so by trying again and again. */
    private long waiting(TestDatabase database) {
        return database == TestDatabase.H2 ? threadsIn("insertModels") : TestDatabase.awaitedLocks(jdbc);
    }

    /** As an instance does that is frozen in the middle of a transaction. */
    private Connection holdModel(String name) throws SQLException {
        return execute("SELECT 1 FROM model WHERE name = ? FOR UPDATE", name);
    }

    private Connection makeModel(String name) throws SQLException {
        return execute("INSERT INTO model (name) VALUES (?)", name);
    }

    private Connection execute(String sql, String model) throws SQLException {
        Connection connection = jdbc.getDataSource().getConnection();
        connection.setAutoCommit(false);
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, model);
            statement.execute();
        }
        return connection;
    }

    /** Counts, and fails on demand after the commit has been made. */
    private static final class WatchedTransactions extends JdbcTransactionManager {

        private static final long serialVersionUID = 1;

        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger commits = new AtomicInteger();
        private volatile boolean commitsFail;

        WatchedTransactions(HikariDataSource pool) {
            super(pool);
        }

        @Override
        protected void doBegin(Object transaction, TransactionDefinition definition) {
            super.doBegin(transaction, definition);
            begun.incrementAndGet();
        }

        @Override
        protected void doCommit(DefaultTransactionStatus status) {
            super.doCommit(status);
            commits.incrementAndGet();
            if (commitsFail) {
                throw new TransactionSystemException("the connection broke off");
            }
        }
    }
}
