package ai.hokus.registry.registration;

import static ai.hokus.registry.registration.Examples.newRegistration;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.registration.StoreResult.StoreAlone;
import ai.hokus.registry.support.Eventually;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.jdbc.UncategorizedSQLException;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionSystemException;

/** Who writes, who waits, and which result each gets, with transactions that the test begins and ends. */
class GroupCommitTest {

    private static final Duration FOR_EVER = Duration.ofMinutes(5);
    private static final int CAPACITY = 80;

    private final FakeTransactions transactions = new FakeTransactions();
    private final List<Client> clients = new ArrayList<>();
    private GroupCommit group = groupOf(1, FOR_EVER);

    @AfterEach
    void nobody_is_left() throws InterruptedException {
        transactions.endAll();
        for (Client client : clients) {
            client.join(30_000);
            assertThat(client.isAlive())
                    .as("%s still waits", client.registration)
                    .isFalse();
        }
        group.close();
    }

    @Test
    void whoever_finds_a_writer_free_is_stored_at_once_with_nobody_else() {
        transactions.endAll();

        Client client = arrive();

        client.awaitEnd();
        assertThat(client.result).isEqualTo(RegistrationResult.REGISTERED);
        assertThat(transactions.begun).containsExactly(List.of(client.registration));
    }

    @Test
    void whoever_comes_while_one_writes_shares_the_next_transaction_in_order_of_arrival() {
        Client first = arriveAndWrite();
        Client second = arriveAndWait();
        Client third = arriveAndWait();
        Client fourth = arriveAndWait();

        transactions.endOne();
        first.awaitEnd();
        transactions.endOne();

        List.of(second, third, fourth).forEach(Client::awaitEnd);
        assertThat(transactions.begun)
                .containsExactly(
                        List.of(first.registration),
                        List.of(second.registration, third.registration, fourth.registration));
        assertThat(clients).allSatisfy(client -> assertThat(client.result).isEqualTo(RegistrationResult.REGISTERED));
    }

    @Test
    void a_writer_is_answered_when_its_transaction_ends_and_writes_no_second_one() {
        Client first = arriveAndWrite();
        Client second = arriveAndWait();

        transactions.endOne();

        first.awaitEnd();
        Eventually.await("the next one writes", () -> transactions.begun.size() == 2);
        assertThat(second.isAlive()).isTrue();
    }

    @Test
    void as_many_write_at_once_as_there_are_writers() {
        group = groupOf(2, FOR_EVER);
        arriveAndWrite();
        arriveAndWrite();

        Client third = arriveAndWait();

        assertThat(transactions.begun).hasSize(2);
        transactions.endOne();
        Eventually.await("a writer is free", () -> transactions.begun.size() == 3);
        assertThat(transactions.begun.get(2)).containsExactly(third.registration);
    }

    @Test
    void a_writer_is_free_again_when_nobody_waits() {
        arriveAndWrite();
        transactions.endOne();
        clients.get(0).awaitEnd();

        Client later = arriveAndWrite();

        assertThat(transactions.begun.get(1)).containsExactly(later.registration);
    }

    @Test
    void a_transaction_takes_so_many_and_no_more() {
        arriveAndWrite();
        for (int n = 0; n <= GroupCommit.MAX_GROUP_SIZE; n++) {
            arriveAndWait();
        }

        transactions.endAll();

        clients.forEach(Client::awaitEnd);
        assertThat(transactions.begun).extracting(List::size).containsExactly(1, GroupCommit.MAX_GROUP_SIZE, 1);
    }

    @Test
    void a_transaction_of_several_is_no_larger_than_its_bound_and_one_alone_may_be() {
        arriveAndWrite();
        int half = (int) (GroupCommit.MAX_GROUP_PAYLOAD / 2);
        for (int size : new int[] {half, half, 1, 2 * half + 1}) {
            arriveAndWait(size);
        }

        transactions.endAll();

        clients.forEach(Client::awaitEnd);
        assertThat(transactions.begun).extracting(List::size).containsExactly(1, 2, 1, 1);
    }

    @Test
    void each_is_told_what_came_of_its_own() {
        arriveAndWrite();
        List<StoreResult> results = List.of(
                RegistrationResult.CONFLICT,
                new StoreAlone(),
                RegistrationResult.REGISTERED,
                RegistrationResult.ALREADY_REGISTERED);
        for (StoreResult result : results) {
            transactions.give(arriveAndWait(), result);
        }

        transactions.endAll();

        clients.forEach(Client::awaitEnd);
        assertThat(clients.subList(1, 5)).extracting(client -> client.result).isEqualTo(results);
    }

    @Test
    void an_error_that_kills_a_writer_leaves_all_to_be_stored_alone_and_another_writer_goes_on() {
        List<Client> sharing = threeShareOneThatFails(new OutOfMemoryError("not really"));

        assertThat(sharing).allSatisfy(client -> {
            assertThat(client.failure).isNull();
            assertThat(client.result).isEqualTo(new StoreAlone());
        });
        Client later = arriveAndWrite();
        transactions.endAll();
        later.awaitEnd();
        assertThat(later.result).isEqualTo(RegistrationResult.REGISTERED);
    }

    @Test
    void a_commit_that_fails_leaves_everyone_in_doubt_each_with_an_exception_of_its_own() {
        List<Client> sharing = threeShareOneThatFails(
                new CommitInDoubtException(new TransactionSystemException("the connection broke off")));

        assertThat(sharing)
                .allSatisfy(client -> assertThat(client.failure)
                        .isInstanceOf(CommitInDoubtException.class)
                        .hasRootCauseMessage("the connection broke off"));
        assertThat(sharing).extracting(client -> client.failure).doesNotHaveDuplicates();
    }

    @Test
    void the_databases_failure_is_everyones_at_once() {
        for (RuntimeException failure : List.of(
                new CannotCreateTransactionException("no connection"),
                translated("a lock on the table", "55P03"),
                translated("a standby", "25006"))) {
            List<Client> sharing = threeShareOneThatFails(failure);

            assertThat(sharing)
                    .allSatisfy(client -> assertThat(client.failure)
                            .isInstanceOf(TransientDataAccessResourceException.class)
                            .hasStackTraceContaining(failure.getMessage()));
        }
    }

    /** As JdbcTemplate makes it of a state that Spring does not know. */
    private static RuntimeException translated(String message, String state) {
        return new UncategorizedSQLException("a statement", null, new SQLException(message, state));
    }

    @Test
    void what_one_registration_or_another_transaction_brings_about_is_found_out_alone() {
        for (RuntimeException failure : List.of(
                new DataIntegrityViolationException("one of them"),
                new CannotAcquireLockException("ended", new SQLException("deadlock", "40P01")),
                new IllegalStateException("a mistake of ours"))) {
            List<Client> sharing = threeShareOneThatFails(failure);

            assertThat(sharing).allSatisfy(client -> {
                assertThat(client.failure).isNull();
                assertThat(client.result).isEqualTo(new StoreAlone());
            });
        }
    }

    @Test
    void a_writer_that_is_stuck_holds_up_nobody_but_those_that_it_took() {
        group = groupOf(1, Duration.ofMillis(50));
        Client stuck = arriveAndWrite();

        Client other = arrive();

        other.awaitEnd();
        assertThat(other.result).isEqualTo(new StoreAlone());
        assertThat(stuck.isAlive()).isTrue();
        transactions.endOne();
        stuck.awaitEnd();
        assertThat(stuck.result).isEqualTo(RegistrationResult.REGISTERED);
        assertThat(transactions.begun).hasSize(1);
    }

    @Test
    void whoever_is_interrupted_is_in_doubt_at_once_and_the_others_are_stored_without_it() {
        Client first = arriveAndWrite();
        Client second = arriveAndWait();
        Client third = arriveAndWait();

        first.interrupt();
        third.interrupt();
        first.awaitEnd();
        third.awaitEnd();

        assertThat(List.of(first, third)).allSatisfy(client -> {
            assertThat(client.failure).isInstanceOf(CommitInDoubtException.class);
            assertThat(client.interrupted).isTrue();
        });
        transactions.endAll();
        second.awaitEnd();
        assertThat(second.result).isEqualTo(RegistrationResult.REGISTERED);
        assertThat(transactions.begun).containsExactly(List.of(first.registration), List.of(second.registration));
    }

    @Test
    void more_than_may_wait_are_refused_and_nothing_of_them_is_stored() {
        arriveAndWrite();
        for (int n = 0; n < CAPACITY; n++) {
            arriveAndWait();
        }

        Client oneMore = arrive();

        oneMore.awaitEnd();
        assertThat(oneMore.failure).isInstanceOf(TransientDataAccessResourceException.class);
        transactions.endAll();
        clients.forEach(Client::awaitEnd);
        assertThat(transactions.begun.stream().mapToInt(List::size).sum()).isEqualTo(1 + CAPACITY);
    }

    @Test
    void a_stop_waits_for_what_waits_and_refuses_what_comes_after_it() {
        Client first = arriveAndWrite();
        Client second = arriveAndWait();
        Thread stop = new Thread(group::close);
        stop.start();
        Eventually.await("it waits for them", () -> stop.getState() == Thread.State.TIMED_WAITING);

        Client late = arrive();
        late.awaitEnd();
        transactions.endAll();

        Eventually.await("it has stopped", () -> !stop.isAlive());
        assertThat(List.of(first, second)).allSatisfy(client -> {
            client.awaitEnd();
            assertThat(client.result).isEqualTo(RegistrationResult.REGISTERED);
        });
        assertThat(late.failure).isInstanceOf(TransientDataAccessResourceException.class);
        assertThat(transactions.begun).hasSize(2);
    }

    private List<Client> threeShareOneThatFails(Throwable failure) {
        arriveAndWrite();
        List<Client> sharing = List.of(arriveAndWait(), arriveAndWait(), arriveAndWait());
        transactions.endOne();
        transactions.failOne(failure);
        sharing.forEach(Client::awaitEnd);
        return sharing;
    }

    private GroupCommit groupOf(int writers, Duration maxWait) {
        return new GroupCommit(writers, CAPACITY, maxWait, transactions::store);
    }

    /** Returns when its transaction has begun. */
    private Client arriveAndWrite() {
        int before = transactions.begun.size();
        Client client = arrive();
        Eventually.await("it writes", () -> transactions.begun.size() == before + 1);
        return client;
    }

    /** Returns when it waits for its turn. */
    private Client arriveAndWait() {
        return awaitWaiting(arrive());
    }

    /** Likewise, with a payload of so many characters. */
    private Client arriveAndWait(int payload) {
        NewRegistration small = newRegistration("model", Integer.toString(clients.size()));
        NewMessage message = NewMessage.of("model", small.message().type(), "x".repeat(payload));
        return awaitWaiting(arrive(new NewRegistration(small.event(), small.fingerprint(), message)));
    }

    private static Client awaitWaiting(Client client) {
        Eventually.await("it waits", () -> client.getState() == Thread.State.TIMED_WAITING);
        return client;
    }

    private Client arrive() {
        return arrive(newRegistration("model", Integer.toString(clients.size())));
    }

    private Client arrive(NewRegistration registration) {
        Client client = new Client(registration);
        clients.add(client);
        client.start();
        return client;
    }

    /** A request's thread. */
    private final class Client extends Thread {

        private final NewRegistration registration;
        private volatile StoreResult result;
        private volatile Throwable failure;
        private volatile boolean interrupted;

        Client(NewRegistration registration) {
            this.registration = registration;
        }

        @Override
        public void run() {
            try {
                result = group.store(registration);
            } catch (Throwable e) {
                failure = e;
            }
            interrupted = isInterrupted();
        }

        void awaitEnd() {
            Eventually.await("an answer to " + registration.event().request().version(), () -> !isAlive());
        }
    }

    /** Each ends when the test says so and as it says. */
    private static final class FakeTransactions {

        private final List<List<NewRegistration>> begun = Collections.synchronizedList(new ArrayList<>());
        private final Map<NewRegistration, StoreResult> results = new ConcurrentHashMap<>();
        private final BlockingQueue<Optional<Throwable>> ends = new LinkedBlockingQueue<>();
        private volatile boolean allEnd;

        List<StoreResult> store(List<NewRegistration> registrations) {
            begun.add(registrations);
            Eventually.await("the test ends it", () -> allEnd || !ends.isEmpty());
            Optional<Throwable> failure = allEnd ? Optional.empty() : ends.remove();
            failure.ifPresent(FakeTransactions::<RuntimeException>sneak);
            return registrations.stream()
                    .map(registration -> results.getOrDefault(registration, RegistrationResult.REGISTERED))
                    .toList();
        }

        void endOne() {
            ends.add(Optional.empty());
        }

        void failOne(Throwable failure) {
            ends.add(Optional.of(failure));
        }

        void endAll() {
            allEnd = true;
        }

        void give(Client client, StoreResult result) {
            results.put(client.registration, result);
        }

        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // throws an Error as it is
        private static <T extends Throwable> void sneak(Throwable e) throws T {
            throw (T) e;
        }
    }
}
