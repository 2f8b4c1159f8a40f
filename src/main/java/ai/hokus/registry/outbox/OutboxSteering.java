package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.outbox.SteeringResult.Refused;
import ai.hokus.registry.outbox.SteeringResult.Steered;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What operators may change. Each operation is one transaction under the rows of the partitions that it concerns, as a
 * relay's claim is, and writes its row of {@code outbox_operation} in it; purging is many, and writes the row before them.
 * A dry run, and an operation that finds nothing to do, writes nothing at all.
 *
 * <p>History is never rewritten: what is sent again is a copy, a new row at the end with the same {@code message_id} and
 * the next {@code copy_no}. Copies keep the order among themselves. Towards registrations that commit at the same time
 * their place is not defined, and everything registered before them comes before them.
 *
 * <p>Thread-safe. What is thrown when the database fails is a {@link org.springframework.dao.DataAccessException} or a
 * {@link org.springframework.transaction.TransactionException}; nothing was changed then, but by a purge.
 */
public class OutboxSteering {

    /** Positions that one transaction of a purge by hand deletes, as retention does. */
    private static final int PURGE_BATCH = 5_000;

    /** A purge by hand begins no transaction after this: its caller waits for the answer. */
    private static final Duration LONGEST_PURGE = Duration.ofSeconds(10);

    /** Whom a change of state takes where. */
    public enum StateChange {
        PAUSE(PartitionState.RUNNING, PartitionState.PAUSED, "is paused: nothing is sent from it"),
        RESUME(PartitionState.PAUSED, PartitionState.RUNNING, "delivers again"),
        /** The heal of a divergence that comes next is done; one more within heal-divergence-every stops it again. */
        RELEASE(
                PartitionState.STOPPED,
                PartitionState.RUNNING,
                "delivers again, from the newest checkpoint that Redis and this database both know");

        private final PartitionState from;
        private final PartitionState to;
        private final String effect;

        StateChange(PartitionState from, PartitionState to, String effect) {
            this.from = from;
            this.to = to;
            this.effect = effect;
        }

        String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** What an operator decides about a parked message. */
    public enum Resolution {
        REQUEUE("requeued"),
        DISCARD("discarded");

        private final String column;

        Resolution(String column) {
            this.column = column;
        }

        String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private final SteeringStatements statements;
    private final OutboxPurge purge;
    private final TransactionTemplate transaction;
    private final DiskSync diskSync;

    OutboxSteering(
            SteeringStatements statements,
            OutboxPurge purge,
            PlatformTransactionManager transactions,
            DiskSync diskSync) {
        this.statements = statements;
        this.purge = purge;
        this.transaction = new TransactionTemplate(transactions);
        this.transaction.setTimeout(Math.toIntExact(OutboxPartitions.TRANSACTION_TIMEOUT.toSeconds()));
        this.diskSync = diskSync;
    }

    /**
     * Pauses, resumes or releases.
     *
     * @param partition null: all that are in the state which the change leaves
     */
    public SteeringResult change(StateChange change, @Nullable Integer partition, Wish wish) {
        String target = partition == null ? "all partitions" : "partition " + partition;
        return once(wish, change.word(), target, () -> {
            List<SteeringStatements.PartitionRow> rows = statements.lock(partition);
            if (rows.isEmpty()) {
                return new Refused(Refused.Reason.NOT_FOUND, "There is no partition " + partition + ".");
            }
            List<SteeringStatements.PartitionRow> concerned =
                    rows.stream().filter(row -> row.state() == change.from).toList();
            if (concerned.isEmpty()) {
                return Steered.nothing("Nothing to " + change.word() + ": " + states(rows) + ".");
            }
            List<Integer> numbers = concerned.stream()
                    .map(SteeringStatements.PartitionRow::partition)
                    .toList();
            long pending = concerned.stream()
                    .mapToLong(SteeringStatements.PartitionRow::pending)
                    .sum();
            String detail = name(numbers) + " " + change.effect + "; " + pending + " messages wait.";
            if (wish.dryRun()) {
                return Steered.would(pending, numbers, "Would be so: " + detail);
            }
            numbers.forEach(number -> statements.setState(number, change.from, change.to));
            return done(wish, change.word(), target, pending, null, numbers, detail);
        });
    }

    /** Sends a parked message again, as a copy at the end, or decides that it is never to be sent. */
    public SteeringResult resolve(Resolution resolution, UUID messageId, Wish wish) {
        String target = "message " + messageId;
        return once(wish, resolution.word(), target, () -> {
            Integer partition = statements.partitionOf(messageId);
            if (partition == null) {
                return new Refused(Refused.Reason.NOT_FOUND, "There is no message " + messageId + ", or no longer.");
            }
            statements.lock(partition);
            List<Long> parked = statements.parked(messageId);
            if (parked.isEmpty()) {
                return notParked(resolution, messageId);
            }
            String detail = resolution == Resolution.REQUEUE
                    ? "a copy of it stands at the end of partition " + partition + "."
                    : "it is never sent.";
            if (wish.dryRun()) {
                return Steered.would(1, List.of(partition), "Would be " + resolution.column + ": " + detail);
            }
            parked.forEach(id -> statements.resolve(id, resolution.column));
            if (resolution == Resolution.REQUEUE) {
                statements.copy(List.of(parked.get(parked.size() - 1)));
            }
            return done(
                    wish,
                    resolution.word(),
                    target,
                    1,
                    messageId,
                    List.of(partition),
                    "Message " + messageId + " is " + resolution.column + ": " + detail);
        });
    }

    private SteeringResult notParked(Resolution resolution, UUID messageId) {
        List<SteeringStatements.Resolved> resolved = statements.resolved(messageId);
        if (resolved.isEmpty()) {
            return new Refused(
                    Refused.Reason.CONFLICT,
                    "Message " + messageId + " is not parked. Only a parked message is requeued or discarded; one that"
                            + " was delivered can be sent again by its position.");
        }
        SteeringStatements.Resolved last = resolved.get(0);
        return last.resolution().equals(resolution.column)
                ? Steered.nothing(
                        "Message " + messageId + " was " + last.resolution() + " already, at " + last.at() + ".")
                : new Refused(
                        Refused.Reason.CONFLICT,
                        "Message " + messageId + " was " + last.resolution() + " at " + last.at() + ".");
    }

    /**
     * Sends delivered messages again: a copy of each, once however many copies of it there are, in their old order.
     *
     * @param most more than this are refused; 10,000 copies take well under a second, in which the partitions' relays wait
     */
    public SteeringResult resend(Selection selection, int most, Wish wish) {
        String target = selection.describe();
        SteeringResult repeated = repetition(wish, "resend", target);
        if (repeated != null) {
            return repeated;
        }
        List<Long> ids = new ArrayList<>();
        Set<Integer> partitions = new TreeSet<>();
        Set<UUID> messages = new HashSet<>();
        for (SteeringStatements.Range range : statements.ranges(selection)) {
            int room = most + 1 - ids.size();
            List<SteeringStatements.Delivered> found = statements.delivered(range, selection.model(), room);
            if (found.size() == room) {
                return new Refused(
                        Refused.Reason.TOO_MANY,
                        "This selects more than " + most + " messages, copies counted; one call sends at most that many"
                                + " again (registry.operators.largest-resend). Narrow it by positions or times.");
            }
            found.stream().filter(row -> messages.add(row.messageId())).forEach(row -> ids.add(row.id()));
            if (!found.isEmpty()) {
                partitions.add(range.partition());
            }
        }
        List<Integer> numbers = List.copyOf(partitions);
        if (ids.isEmpty()) {
            return Steered.nothing("Nothing that is retained and was delivered fits: " + target + ".");
        }
        if (wish.dryRun()) {
            return Steered.would(
                    ids.size(), numbers, ids.size() + " messages would be sent again, as copies at the end.");
        }
        return once(wish, "resend", target, () -> {
            numbers.forEach(statements::lock);
            int copied = statements.copy(ids);
            return done(
                    wish,
                    "resend",
                    target,
                    copied,
                    null,
                    numbers,
                    copied + " messages are sent again, as copies at the end.");
        });
    }

    /**
     * Deletes what was delivered longer ago than this, now instead of when its retention is over. What is gone cannot be
     * sent again when Redis turns out to have lost it.
     */
    public SteeringResult purge(Duration olderThan, Wish wish) {
        String target = "delivered more than " + olderThan + " ago";
        SteeringResult repeated = repetition(wish, "purge", target);
        if (repeated != null) {
            return repeated;
        }
        long purgeable = purge.purgeable(statements.partitions(), olderThan);
        if (purgeable == 0) {
            return Steered.nothing("Nothing to delete: nothing that may go was " + target + ".");
        }
        List<Integer> all = statements.partitions();
        if (wish.dryRun()) {
            return Steered.would(purgeable, all, purgeable + " messages would be deleted.");
        }
        SteeringResult begun =
                once(wish, "purge", target, () -> done(wish, "purge", target, purgeable, null, all, "begun"));
        if (!(begun instanceof Steered steered) || steered.operationId() == null || !steered.executed()) {
            return begun;
        }
        long deleted = purge.purge(statements.partitions(), olderThan, PURGE_BATCH, LONGEST_PURGE);
        statements.correct(steered.operationId(), deleted);
        long left = purge.purgeable(statements.partitions(), olderThan);
        return new Steered(
                true,
                deleted,
                all,
                deleted + " messages are deleted"
                        + (left == 0
                                ? "."
                                : "; " + left + " are left, ask again: one call takes " + LONGEST_PURGE.toSeconds()
                                        + " s."),
                steered.operationId());
    }

    /** In one transaction, and only if nothing was done under the wish's key before. */
    private SteeringResult once(Wish wish, String operation, String target, Supplier<SteeringResult> steps) {
        SteeringResult repeated = repetition(wish, operation, target);
        if (repeated != null) {
            return repeated;
        }
        try {
            SteeringResult result = requireNonNull(transaction.execute(status -> steps.get()));
            if (result instanceof Steered steered && steered.executed()) {
                diskSync.flush();
            }
            return result;
        } catch (DuplicateKeyException e) {
            // The same wish came twice at the same time, and the other one was first.
            SteeringResult other = repetition(wish, operation, target);
            if (other == null) {
                throw e;
            }
            return other;
        }
    }

    private @Nullable SteeringResult repetition(Wish wish, String operation, String target) {
        String key = wish.idempotencyKey();
        SteeringStatements.Performed before = key == null || wish.dryRun() ? null : statements.performed(key);
        if (before == null) {
            return null;
        }
        return before.operation().equals(operation) && before.target().equals(target)
                ? new Steered(
                        false,
                        before.messages(),
                        List.of(),
                        "Was done already under this Idempotency-Key, at " + before.at() + " by " + before.by()
                                + "; nothing was done again.",
                        before.id())
                : new Refused(
                        Refused.Reason.CONFLICT,
                        "This Idempotency-Key was used at " + before.at() + " for something else (" + before.operation()
                                + ", " + before.target() + "). Use a new one.");
    }

    private Steered done(
            Wish wish,
            String operation,
            String target,
            long messages,
            @Nullable UUID messageId,
            List<Integer> partitions,
            String detail) {
        long id = statements.record(wish, operation, target, messages, messageId);
        return new Steered(true, messages, partitions, detail, id);
    }

    private static String name(List<Integer> partitions) {
        return partitions.size() == 1
                ? "Partition " + partitions.get(0)
                : partitions.stream()
                        .map(Object::toString)
                        .collect(Collectors.joining(", ", "Each of partitions ", ""));
    }

    private static String states(List<SteeringStatements.PartitionRow> rows) {
        return rows.stream()
                .map(row ->
                        "partition " + row.partition() + " is " + row.state().column())
                .collect(Collectors.joining(", "));
    }
}
