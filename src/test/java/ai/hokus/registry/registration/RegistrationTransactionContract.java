package ai.hokus.registry.registration;

import static ai.hokus.registry.registration.Examples.LEAST;
import static ai.hokus.registry.registration.Examples.NOON;
import static ai.hokus.registry.registration.Examples.request;
import static ai.hokus.registry.registration.Examples.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.outbox.Outbox;
import ai.hokus.registry.support.TestKeys;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import java.sql.SQLException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.web.ErrorResponseException;

/** What one transaction promises, on every database. */
@SpringBootTest(classes = {RegistrationModules.class, TestKeys.class})
abstract class RegistrationTransactionContract {

    private static final int THREADS = 8;

    @Autowired
    private RegistrationService service;

    @Autowired
    private RegistrationRepository repository;

    @Autowired
    private Outbox outbox;

    @Autowired
    private PlatformTransactionManager transactions;

    @Autowired
    private Clock clock;

    @Autowired
    private RegistrationSettings settings;

    @Autowired
    private JdbcTemplate jdbc;

    private final List<RegistrationService> others = new ArrayList<>();

    @AfterEach
    void nobody_writes_any_more() {
        others.forEach(RegistrationService::close);
    }

    @BeforeEach
    void nothing_is_stored() {
        jdbc.update("DELETE FROM outbox_message");
        jdbc.update("DELETE FROM registration");
        jdbc.update("DELETE FROM model");
    }

    @Test
    void a_registration_is_stored_with_its_message() {
        RegistrationRequest request = request(with("api_schema", "{\"a\":1.10}"));

        RegistrationResult result = service.register(request, "ada");

        assertThat(result).isEqualTo(RegistrationResult.REGISTERED);
        StoredRegistration stored = all().get(0);
        assertThat(stored)
                .usingRecursiveComparison()
                .ignoringFields("id")
                .isEqualTo(new StoredRegistration(
                        0,
                        "churn/3/CHURN",
                        "churn",
                        "3",
                        "CHURN",
                        "P-1",
                        "auroc",
                        0.8,
                        0.8,
                        null,
                        "run-1",
                        null,
                        null,
                        null,
                        null,
                        "{\"user_id\":\"ada\",\"proposal_identifier\":\"P-1\"}",
                        "{\"a\":1.10}",
                        all().get(0).messageId(),
                        NOON.truncatedTo(ChronoUnit.MICROS)));
        assertThat(jdbc.queryForMap("SELECT message_id, message_key, message_type, payload FROM outbox_message"))
                .containsEntry("message_id", stored.messageId())
                .containsEntry("message_key", "churn")
                .containsEntry("message_type", "model_ready_to_deploy")
                .containsEntry(
                        "payload", RegistrationEvent.of(request, "ada", NOON).payload());
        assertThat(jdbc.queryForObject("SELECT user_id FROM registration", String.class))
                .isEqualTo("ada");
    }

    @Test
    void the_same_registration_again_writes_nothing_whoever_sends_it() {
        service.register(request(LEAST), "ada");

        assertThat(service.register(request(LEAST), "bob")).isEqualTo(RegistrationResult.ALREADY_REGISTERED);
        assertRows(1, 1, 1);
    }

    @Test
    void the_same_identity_with_other_content_is_a_conflict_and_writes_nothing() {
        service.register(request(LEAST), "ada");

        assertThat(service.register(request(with("current_value", "0.9")), "ada"))
                .isEqualTo(RegistrationResult.CONFLICT);
        assertRows(1, 1, 1);
        assertThat(all().get(0).currentValue()).isEqualTo(0.8);
    }

    @Test
    void another_version_or_token_of_a_model_is_another_registration() {
        service.register(request(LEAST), "ada");
        service.register(request(with("version", "\"4\"")), "ada");
        service.register(request(with("token_id", "\"OTHER\"")), "ada");

        assertRows(1, 3, 3);
    }

    /** As after a logical replication, which does not copy a sequence's value. */
    @Test
    void an_id_that_is_taken_is_no_conflict_of_the_registrations() {
        service.register(request(LEAST), "ada");
        nextId(all().get(0).id());
        RegistrationRequest another = request(with("version", "\"4\""));

        assertThatThrownBy(() -> service.register(another, "ada"))
                .isInstanceOf(DataAccessException.class)
                .satisfies(e -> assertThat(SqlFailure.describe(e)).contains("sequence of registration.id"));

        assertThat(all()).hasSize(1);
        assertThat(service.register(another, "ada")).isEqualTo(RegistrationResult.REGISTERED);
    }

    @Test
    void the_longest_identity_fits_the_index() {
        // Three bytes per UTF-16 unit, and nothing that compression could shorten.
        String longest = longText();
        RegistrationRequest request =
                request(with("model_name", longest).replace("\"3\"", longest).replace("\"CHURN\"", longest));

        assertThat(service.register(request, "ada")).isEqualTo(RegistrationResult.REGISTERED);
        assertThat(service.register(request, "ada")).isEqualTo(RegistrationResult.ALREADY_REGISTERED);
    }

    private static String longText() {
        StringBuilder text = new StringBuilder("\"");
        new Random(7).ints(RequestReader.MAX_IDENTITY_LENGTH, 0x4E00, 0x9FFF).forEach(text::appendCodePoint);
        return text.append('"').toString();
    }

    @Test
    void a_payload_that_is_too_large_writes_nothing() {
        String tags = IntStream.range(0, 50)
                .mapToObj(n -> "\"" + n + "\":\"" + "€".repeat(2_000) + "\"")
                .collect(Collectors.joining(",", "{", "}"));
        RegistrationRequest request = request(with("tags", tags));

        assertThatThrownBy(() -> service.register(request, "ada"))
                .isInstanceOfSatisfying(
                        ErrorResponseException.class,
                        tooLarge -> assertThat(tooLarge.getBody().getDetail()).endsWith("at most 262144 are allowed"));
        assertRows(0, 0, 0);
    }

    @Test
    void a_message_that_cannot_be_written_leaves_no_registration_and_no_model() {
        jdbc.execute("ALTER TABLE outbox_message RENAME TO outbox_message_away");
        try {
            assertThatThrownBy(() -> service.register(request(LEAST), "ada")).isInstanceOf(DataAccessException.class);
        } finally {
            jdbc.execute("ALTER TABLE outbox_message_away RENAME TO outbox_message");
        }
        assertRows(0, 0, 0);
    }

    @Test
    void a_commit_that_fails_leaves_the_registration_in_doubt_and_sending_it_again_settles_it() {
        commitFails(() -> {
            throw new TransactionSystemException("the connection broke off");
        });
    }

    @Test
    void an_error_during_the_commit_leaves_it_in_doubt_too() {
        commitFails(() -> {
            throw new OutOfMemoryError("after the commit");
        });
    }

    private void commitFails(Runnable failure) {
        RegistrationService failing = serviceOn(new WatchedTransactions() {
            @Override
            public void commit(TransactionStatus status) {
                super.commit(status);
                failure.run();
            }
        });

        assertThatThrownBy(() -> failing.register(request(LEAST), "ada")).isInstanceOf(CommitInDoubtException.class);
        assertThat(service.register(request(LEAST), "ada")).isEqualTo(RegistrationResult.ALREADY_REGISTERED);
        assertRows(1, 1, 1);
    }

    @Test
    void a_transaction_that_another_one_ended_is_tried_again() {
        FailingStarts twice = new FailingStarts("40001", 2);

        assertThat(serviceOn(twice).register(request(LEAST), "ada")).isEqualTo(RegistrationResult.REGISTERED);
        assertThat(twice.starts).hasValue(3);
    }

    @Test
    void a_transaction_that_is_ended_again_and_again_is_given_up() {
        FailingStarts always = new FailingStarts("40P01", Integer.MAX_VALUE);

        assertThatThrownBy(() -> serviceOn(always).register(request(LEAST), "ada"))
                .isInstanceOf(CannotAcquireLockException.class);
        assertThat(always.starts).hasValue(5);
    }

    @Test
    void a_transaction_that_waited_for_a_lock_is_not_tried_again() {
        for (String lockTimeout : List.of("HYT00", "55P03")) {
            FailingStarts once = new FailingStarts(lockTimeout, 1);

            assertThatThrownBy(() -> serviceOn(once).register(request(LEAST), "ada"))
                    .isInstanceOf(TransientDataAccessException.class);
            assertThat(once.starts).hasValue(1);
        }
    }

    @Test
    void of_identical_registrations_at_once_one_is_stored_and_all_succeed() throws Exception {
        for (int round = 0; round < 15; round++) {
            RegistrationRequest request = request("model" + round, "1");

            List<RegistrationResult> results = atOnce(thread -> service.register(request, "user" + thread));

            assertThat(results.stream().filter(RegistrationResult.REGISTERED::equals))
                    .hasSize(1);
            assertThat(results.stream().filter(RegistrationResult.ALREADY_REGISTERED::equals))
                    .hasSize(THREADS - 1);
        }
        assertRows(15, 15, 15);
    }

    @Test
    void of_conflicting_registrations_at_once_one_is_stored() throws Exception {
        for (int round = 0; round < 15; round++) {
            String model = "\"model" + round + "\"";

            List<RegistrationResult> results = atOnce(thread -> service.register(
                    request(with("mlflow_run_id", "\"run" + thread + "\"").replace("\"churn\"", model)), "ada"));

            assertThat(results.stream().filter(RegistrationResult.REGISTERED::equals))
                    .hasSize(1);
            assertThat(results.stream().filter(RegistrationResult.CONFLICT::equals))
                    .hasSize(THREADS - 1);
        }
        assertRows(15, 15, 15);
    }

    @Test
    void different_registrations_of_new_models_at_once_are_all_stored() throws Exception {
        for (int round = 0; round < 15; round++) {
            String model = "model" + round;

            List<RegistrationResult> results = atOnce(thread -> service.register(request(model, "v" + thread), "ada"));

            assertThat(results).allMatch(RegistrationResult.REGISTERED::equals);
        }
        assertRows(15, 15 * THREADS, 15 * THREADS);
    }

    @Test
    void the_ids_of_one_models_messages_are_in_commit_order() throws Exception {
        // Noted inside each transaction, right before its commit: whatever it sees has no gap, hence nothing with a
        // lower id is committed later. Two instances, and several writers each: transactions do overlap.
        List<List<Long>> seenAtCommit = Collections.synchronizedList(new ArrayList<>());
        PlatformTransactionManager watched = new WatchedTransactions() {
            @Override
            public void commit(TransactionStatus status) {
                seenAtCommit.add(messageIds());
                super.commit(status);
            }
        };
        RegistrationSettings overlapping = new RegistrationSettings(
                settings.maxPayload(), settings.maxBody(), settings.maxConcurrentRequests(), 4);
        List<RegistrationService> instances = List.of(serviceOn(watched, overlapping), serviceOn(watched, overlapping));

        for (int round = 0; round < 25; round++) {
            String version = "v" + round + "-";
            atOnce(thread -> instances.get(thread % 2).register(request("churn", version + thread), "ada"));
        }

        List<Long> ids = messageIds();
        assertThat(ids).hasSize(25 * THREADS);
        assertThat(seenAtCommit)
                .contains(ids)
                .allSatisfy(seen -> assertThat(seen).isEqualTo(ids.subList(0, seen.size())));
    }

    @Test
    void what_is_committed_while_a_page_is_read_hides_nothing_of_the_next_page() {
        service.register(request("m", "1"), "ada");
        long first = all().get(0).id();
        nextId(first + 2);
        service.register(request("m", "3"), "ada");
        JdbcTemplate slow = new JdbcTemplate(jdbc.getDataSource()) {
            @Override
            public <T> List<T> query(String sql, RowMapper<T> mapper, Object... arguments) {
                if (sql.contains("registered_at")) {
                    nextId(first + 1);
                    service.register(request("m", "2"), "ada");
                }
                return super.query(sql, mapper, arguments);
            }
        };

        RegistrationQueryController.RegistrationPage page = new RegistrationQueryController(
                        new RegistrationRepository(slow))
                .list("m", null, new RegistrationQueryController.PageRequest("2", null));

        assertThat(page.registrations()).extracting(StoredRegistration::version).containsExactly("1", "2");
        assertThat(page.next()).isEqualTo(first + 1);
    }

    private void nextId(long id) {
        jdbc.execute("ALTER TABLE registration ALTER COLUMN id RESTART WITH " + id);
    }

    private List<Long> messageIds() {
        return jdbc.queryForList("SELECT id FROM outbox_message ORDER BY id", Long.class);
    }

    private RegistrationService serviceOn(PlatformTransactionManager watched) {
        return serviceOn(watched, settings);
    }

    private RegistrationService serviceOn(PlatformTransactionManager watched, RegistrationSettings with) {
        BulkheadConfig alone =
                BulkheadConfig.custom().maxConcurrentCalls(THREADS).build();
        RegistrationService another =
                new RegistrationService(repository, outbox, watched, clock, with, Bulkhead.of("alone", alone));
        others.add(another);
        return another;
    }

    private List<StoredRegistration> all() {
        return repository.page(new RegistrationQuery(null, null, 200, 0), 200);
    }

    private void assertRows(int models, int registrations, int messages) {
        assertThat(List.of(count("model"), count("registration"), count("outbox_message")))
                .as("models, registrations, messages")
                .containsExactly(models, registrations, messages);
    }

    private int count(String table) {
        return jdbc.queryForList("SELECT 1 FROM " + table).size();
    }

    /** Runs it on {@link #THREADS} threads that start together. */
    private static List<RegistrationResult> atOnce(IntFunction<RegistrationResult> work) throws Exception {
        CyclicBarrier start = new CyclicBarrier(THREADS);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<RegistrationResult>> futures = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                int number = thread;
                Callable<RegistrationResult> task = () -> {
                    start.await(30, TimeUnit.SECONDS);
                    return work.apply(number);
                };
                futures.add(threads.submit(task));
            }
            List<RegistrationResult> results = new ArrayList<>();
            for (Future<RegistrationResult> future : futures) {
                results.add(future.get(30, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            // A failure must not leave a thread that writes into the next test's tables.
            threads.shutdown();
            assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** The real transactions, with a place to interfere. */
    private class WatchedTransactions implements PlatformTransactionManager {

        @Override
        public TransactionStatus getTransaction(TransactionDefinition definition) {
            return transactions.getTransaction(definition);
        }

        @Override
        public void commit(TransactionStatus status) {
            transactions.commit(status);
        }

        @Override
        public void rollback(TransactionStatus status) {
            transactions.rollback(status);
        }
    }

    /** Fails so many times in the way that this SQL state says. */
    private final class FailingStarts extends WatchedTransactions {

        private final String sqlState;
        private final int failures;
        private final AtomicInteger starts = new AtomicInteger();

        FailingStarts(String sqlState, int failures) {
            this.sqlState = sqlState;
            this.failures = failures;
        }

        @Override
        public TransactionStatus getTransaction(TransactionDefinition definition) {
            if (starts.incrementAndGet() <= failures) {
                // H2's SQLException has a cause of its own.
                throw new CannotAcquireLockException(
                        "no", new SQLException("no", sqlState, new IllegalStateException("no")));
            }
            return super.getTransaction(definition);
        }
    }
}
