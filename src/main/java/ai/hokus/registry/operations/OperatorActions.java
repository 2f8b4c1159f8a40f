package ai.hokus.registry.operations;

import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.operations.OperationLog.Action;
import ai.hokus.registry.operations.OperatorActionRepository.PartitionRow;
import ai.hokus.registry.operations.OperatorActionRepository.Resolved;
import ai.hokus.registry.operations.OperatorActionRepository.Target;
import ai.hokus.registry.operations.OperatorActionRepository.Waiting;
import ai.hokus.registry.outbox.Outbox;
import ai.hokus.registry.outbox.OutboxPurge;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.util.StringUtils;

/**
 * The operators' actions, except {@link Resend} and {@link PutBackAction}. Each is one transaction that locks the rows of its
 * partitions (null: all), as a relay's claim does, and inserts its row of {@code outbox_operation}; a purge inserts that first,
 * then takes several. A dry run, or an action that finds nothing to do, writes nothing. Thread-safe. Throws a {@link
 * org.springframework.dao.DataAccessException} or {@link org.springframework.transaction.TransactionException} if the database
 * fails; then only a purge may have changed something.
 */
@Component
record OperatorActions(
        OperatorActionRepository repository,
        OperationLog log,
        Outbox outbox,
        OutboxPurge purge,
        OperatorSettings settings) {

    /** Messages that one transaction of an operator's purge deletes, as in retention. */
    private static final int PURGE_BATCH = 5_000;

    /** An operator's purge begins no transaction after this: its caller waits for the answer. */
    private static final Duration MAX_PURGE_DURATION = Duration.ofSeconds(10);

    private static final String PURGE_THE_REST =
            "If it ended early, a request with another key, or with none, deletes the rest.";

    private static final String PAUSED = "Paused, so not before it is resumed: ";

    private static final Duration FENCE_POLL_INTERVAL = Duration.ofMillis(50);

    /** What an operator decides about a parked message. */
    enum Resolution {
        REQUEUE("requeued"),
        DISCARD("discarded");

        private final String column;

        Resolution(String column) {
            this.column = column;
        }

        String operation() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Pauses delivery. An append that is under way can still succeed until the pause is fenced: see {@link #awaitFence}. */
    ActionResult pause(@Nullable Integer partition, OperatorRequest request) {
        Waiting waiting = repository.waiting(partition); // before the lock: the count may take long
        return change(
                Action.atOnce(request, "pause", target(partition), null),
                partition,
                row -> !row.paused(),
                repository::pause,
                rows -> new Effect(waiting.count(), "paused", "Nothing is sent from there. " + waiting.words()));
    }

    /** Resumes delivery after a pause. A partition that is stopped stays so. */
    ActionResult resume(@Nullable Integer partition, OperatorRequest request) {
        Waiting waiting = repository.waiting(partition);
        Action action = Action.atOnce(request, "resume", target(partition), null);
        return change(action, partition, PartitionRow::paused, repository::resume, rows -> {
            String still = but("Still stopped, until released: ", numbers(rows, PartitionRow::stopped));
            return new Effect(waiting.count(), "resumed", waiting.words() + still);
        });
    }

    /** Lets a stopped partition deliver from the newest checkpoint known to Redis and database; {@code paused}: into a pause. */
    ActionResult release(@Nullable Integer partition, boolean paused, OperatorRequest request) {
        Consumer<Integer> release = number -> {
            repository.release(number);
            if (paused) {
                repository.pause(number);
            }
        };
        Action action = Action.atOnce(request, "release", target(partition) + (paused ? ", into a pause" : ""), null);
        return change(action, partition, PartitionRow::stopped, release, rows -> {
            long again = rows.stream()
                    .mapToLong(row -> repository.sentAgainByRelease(row.partition()))
                    .sum();
            String consequence = again + " messages that were delivered are sent again, with their old message_ids.";
            return new Effect(
                    again, "released", consequence + but(PAUSED, numbers(rows, row -> paused || row.paused())));
        });
    }

    private record Effect(long messages, String done, String consequence) {}

    private ActionResult change(
            Action action,
            @Nullable Integer partition,
            Predicate<PartitionRow> concerns,
            Consumer<Integer> change,
            Function<List<PartitionRow>, Effect> effectOn) {
        return log.once(action, () -> {
            List<PartitionRow> rows = repository.lock(partition);
            if (rows.isEmpty()) {
                return Refused.notFound("There is no partition " + partition + ".");
            }
            List<PartitionRow> concerned = rows.stream().filter(concerns).toList();
            if (concerned.isEmpty()) {
                String states = rows.stream().map(PartitionRow::state).collect(Collectors.joining(", "));
                return Completed.nothing("Nothing to " + action.operation() + ": " + states + ".");
            }
            List<Integer> numbers = numbers(rows, concerns);
            Effect effect = effectOn.apply(concerned);
            String consequence = effect.done() + ". " + effect.consequence();
            return log.perform(
                    action,
                    effect.messages(),
                    numbers,
                    name(numbers) + " would be " + consequence,
                    StringUtils.capitalize(name(numbers)) + (numbers.size() == 1 ? " is " : " are ") + consequence,
                    () -> numbers.forEach(change));
        });
    }

    /**
     * Waits until a relay of any instance fences the pause: then no append can succeed, not even one that was under way. False:
     * not in time, for example because another operator resumed it, or this thread was interrupted.
     */
    boolean awaitFence(@Nullable Integer partition) {
        long deadline = System.nanoTime() + settings.fenceTimeout().toNanos();
        while (!repository.fenced(partition)) {
            if (System.nanoTime() - deadline >= 0 || Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(FENCE_POLL_INTERVAL.toNanos());
        }
        return true;
    }

    /** Sends a parked message again, as a copy at the end, or decides that it is never to be sent. */
    ActionResult resolve(Resolution resolution, UUID messageId, OperatorRequest request) {
        Action action = Action.atOnce(request, resolution.operation(), "message " + messageId, messageId);
        return log.once(action, () -> {
            Integer partition = repository.partitionOf(messageId).orElse(null);
            if (partition == null) {
                return Refused.notFound("There is no message " + messageId + " in the outbox, or no longer.");
            }
            List<PartitionRow> rows = repository.lock(partition);
            List<Long> parked = repository.parked(messageId);
            if (parked.isEmpty()) {
                return notParked(resolution, messageId);
            }
            boolean requeue = resolution == Resolution.REQUEUE;
            String copy = ": a copy at the end of partition " + partition + ", after later messages of its model.";
            String consequence = resolution.column + (requeue ? copy + halted(rows) : ": it is never sent.");
            String dryRunDetail = "message " + messageId + " would be " + consequence;
            String detail = "Message " + messageId + " is " + consequence;
            return log.perform(action, 1, List.of(partition), dryRunDetail, detail, () -> {
                parked.forEach(id -> repository.resolve(id, resolution.column));
                if (requeue) {
                    outbox.addCopies(partition, parked.subList(parked.size() - 1, parked.size()));
                }
            });
        });
    }

    private ActionResult notParked(Resolution resolution, UUID messageId) {
        Resolved last = repository.lastResolved(messageId).orElse(null);
        if (last == null) {
            return Refused.conflict("Message " + messageId
                    + " is not parked. Only a parked message can be requeued or discarded; one that"
                    + " was delivered can be sent again by its position.");
        }
        String before = "Message " + messageId + " was already " + last.resolution() + ", at " + last.at() + ".";
        return last.resolution().equals(resolution.column) ? Completed.nothing(before) : Refused.conflict(before);
    }

    /** Deletes what was delivered longer ago. It cannot be sent again. */
    ActionResult purge(Duration olderThan, OperatorRequest request) {
        String target = "delivered more than " + olderThan + " ago";
        Action action = new Action(request, "purge", target, null, PURGE_THE_REST);
        return log.repetition(action).orElseGet(() -> {
            List<Integer> partitions = numbers(repository.partitions(), row -> true);
            long purgeable = purge.purgeable(partitions, olderThan);
            return purgeable == 0
                    ? Completed.nothing("Nothing to delete: no batch that may go was " + action.target() + ".")
                    : log.runOutsideTransaction(
                            action,
                            purgeable,
                            partitions,
                            purgeable + " messages would be deleted.",
                            id -> purge(partitions, olderThan, id));
        });
    }

    private OperationLog.Done purge(List<Integer> partitions, Duration olderThan, long operationId) {
        long deleted = purge.purge(
                partitions, olderThan, PURGE_BATCH, MAX_PURGE_DURATION, step -> log.addMessages(operationId, step));
        long left = purge.purgeable(partitions, olderThan);
        String more = left == 0
                ? ""
                : " " + left + " are left: ask again, with another Idempotency-Key or with none. One call takes "
                        + MAX_PURGE_DURATION.toSeconds() + " s at most.";
        return new OperationLog.Done(deleted, deleted + " messages are deleted." + more);
    }

    /** Records where the outbox delivers to: only instances configured for it relay. A null component stays as it is. */
    ActionResult adopt(Target wanted, OperatorRequest request) {
        List<String> words = new ArrayList<>();
        if (wanted.queueName() != null) {
            words.add("queue " + wanted.queueName());
        }
        if (wanted.environment() != null) {
            words.add("environment " + wanted.environment());
        }
        String target = String.join(", ", words);
        Action action = Action.atOnce(request, "adopt", target, null);
        return log.once(action, () -> {
            List<Integer> partitions = numbers(repository.lock(null), row -> true);
            Target recorded = repository.target();
            boolean sameQueue = wanted.queueName() == null || wanted.queueName().equals(recorded.queueName());
            boolean sameEnvironment =
                    wanted.environment() == null || wanted.environment().equals(recorded.environment());
            if (sameQueue && sameEnvironment) {
                return Completed.nothing("Nothing to adopt: the outbox delivers to " + target + " already.");
            }
            long retained = sameQueue ? 0 : repository.retained();
            String again =
                    " A queue that has no checkpoints of this outbox is given everything that is retained again: "
                            + retained + " messages.";
            String consequence =
                    target + ". Only instances that are configured for it relay." + (sameQueue ? "" : again);
            String dryRunDetail = "the outbox would deliver to " + consequence;
            String detail = "The outbox delivers to " + consequence;
            return log.perform(action, retained, partitions, dryRunDetail, detail, () -> repository.adopt(wanted));
        });
    }

    /** Why what is to be sent from these partitions is not sent yet; empty: it is. */
    static String halted(List<PartitionRow> rows) {
        return but(PAUSED, numbers(rows, PartitionRow::paused))
                + but("Stopped, so not before it is released: ", numbers(rows, PartitionRow::stopped));
    }

    private static String but(String words, List<Integer> partitions) {
        return partitions.isEmpty() ? "" : " " + words + name(partitions) + ".";
    }

    private static String target(@Nullable Integer partition) {
        return partition == null ? "all partitions" : "partition " + partition;
    }

    private static List<Integer> numbers(List<PartitionRow> rows, Predicate<PartitionRow> which) {
        return rows.stream().filter(which).map(PartitionRow::partition).toList();
    }

    private static String name(List<Integer> partitions) {
        return (partitions.size() == 1 ? "partition " : "partitions ")
                + partitions.stream().map(Object::toString).collect(Collectors.joining(", "));
    }
}
