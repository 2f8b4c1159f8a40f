package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What a relay does with a partition, step by step, without a queue: its checkpoints are kept here. */
public final class TestClaims {

    private final TestOutbox outbox;
    private final OutboxPartition partition;
    private final List<String> checkpoints = new ArrayList<>(); // the newest first
    private final List<UUID> delivered = new ArrayList<>();
    private ScanCursor cursor;

    TestClaims(TestOutbox outbox) {
        this(outbox, 0);
    }

    public TestClaims(TestOutbox outbox, int partition) {
        this.outbox = outbox;
        this.partition = outbox.partition(partition, "relay of the test");
    }

    public OutboxPartition partition() {
        return partition;
    }

    List<UUID> append(int messages) {
        return IntStream.range(0, messages)
                .mapToObj(n -> outbox.append("model-" + n))
                .toList();
    }

    public ClaimResult claim() {
        return claim(100);
    }

    public ClaimResult claim(int maxMessages) {
        return claim(seen(), null, maxMessages, 100_000);
    }

    public ClaimResult claim(ObservedCheckpoints seen, Long confirmedDeliveryNo, int maxMessages, long maxBytes) {
        return claim(new ClaimRequest(seen, confirmedDeliveryNo, null, cursor, maxMessages, maxBytes));
    }

    /** What comes after this batch, which is being appended. */
    ClaimResult claimAhead(ClaimResult.Claimed appending, int maxMessages) {
        return claim(new ClaimRequest(seen(), null, appending.checkpoint(), cursor, maxMessages, 100_000));
    }

    private ClaimResult claim(ClaimRequest request) {
        ClaimResult result = partition.claim(request);
        if (result instanceof ClaimResult.Claimed claimed) {
            cursor = claimed.cursor();
        } else if (result instanceof ClaimResult.NothingPending nothing) {
            cursor = nothing.cursor();
        }
        return result;
    }

    /** As a relay that was started anew. */
    void forget() {
        cursor = null;
    }

    ScanCursor cursor() {
        return cursor;
    }

    public ObservedCheckpoints seen() {
        return ObservedCheckpoints.newest(checkpoints.isEmpty() ? null : checkpoints.get(0));
    }

    ObservedCheckpoints all() {
        return new ObservedCheckpoints(checkpoints, List.of(), true);
    }

    /** The queue has this checkpoint now, without a message. */
    public void appended(Checkpoint checkpoint) {
        checkpoints.add(0, checkpoint.toString());
    }

    /** What the queue has when this was appended. */
    public void appended(ClaimResult.Claimed claimed) {
        checkpoints.add(0, claimed.checkpoint().toString());
        claimed.messages().forEach(message -> delivered.add(message.messageId()));
    }

    void park(ClaimResult.Claimed claimed) {
        assertThat(partition.park(claimed, "too large")).isTrue();
        checkpoints.add(0, claimed.skipCheckpoint().toString());
    }

    /** Appends messages, and delivers all that is pending. */
    void deliver(int messages) {
        append(messages);
        deliverPending();
    }

    public void deliverPending() {
        boolean drained = false;
        while (!drained) {
            ClaimResult result = claim();
            if (result instanceof ClaimResult.LookAgain again) {
                result = claim(all(), again.deliveryNo(), 100, 100_000);
            }
            if (result instanceof ClaimResult.Claimed claimed) {
                appended(claimed);
            }
            drained = result instanceof ClaimResult.NothingPending nothing && nothing.drained();
        }
    }

    /** Claims all that is pending, one message each, and is refused one of them alone. */
    public void deliverPendingAndPark(UUID refused) {
        boolean drained = false;
        while (!drained) {
            ClaimResult result = claim(1);
            if (result instanceof ClaimResult.LookAgain again) {
                result = claim(all(), again.deliveryNo(), 1, 100_000);
            }
            if (result instanceof ClaimResult.Claimed claimed) {
                if (claimed.messages().get(0).messageId().equals(refused)) {
                    park(claimed);
                } else {
                    appended(claimed);
                }
            }
            drained = result instanceof ClaimResult.NothingPending nothing && nothing.drained();
        }
    }

    /** The queue shows, twice, a checkpoint that another copy of this database wrote. */
    public ClaimResult claimForeign() {
        ObservedCheckpoints foreign = new ObservedCheckpoints(
                Stream.concat(
                                Stream.of(new Checkpoint(
                                                9, Checkpoint.randomId(), Checkpoint.randomId(), Checkpoint.APPEND)
                                        .toString()),
                                checkpoints.stream())
                        .toList(),
                List.of(),
                true);
        ClaimResult result = claim(foreign, null, 100, 100_000);
        return result instanceof ClaimResult.LookAgain again
                ? claim(foreign, again.deliveryNo(), 100, 100_000)
                : result;
    }

    /** Redis is emptied. */
    public void lostByTheQueue() {
        checkpoints.clear();
    }

    List<UUID> everDelivered() {
        return delivered;
    }

    /** Everything that was delivered was delivered so much earlier. */
    public void age(Duration by) {
        shift("outbox_delivery", "delivered_at", by);
        shift("outbox_rewind", "rewound_at", by);
        shift("outbox_partition", "diverged_at", by);
    }

    void shift(String table, String column, Duration by) {
        outbox.jdbc()
                .update("UPDATE " + table + " SET " + column + " = " + column + " - INTERVAL '" + by.toMinutes()
                        + "' MINUTE WHERE " + column + " IS NOT NULL");
    }

    long number(String sql) {
        return outbox.jdbc().queryForObject(sql, Long.class);
    }
}
