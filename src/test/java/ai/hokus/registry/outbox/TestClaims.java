package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;

/** What a relay does with partition 0, step by step, without a queue: its checkpoints are kept here. */
final class TestClaims {

    private final TestOutbox outbox;
    private final OutboxPartition partition;
    private final List<String> checkpoints = new ArrayList<>(); // the newest first
    private final List<UUID> delivered = new ArrayList<>();
    private ScanCursor cursor;

    TestClaims(TestOutbox outbox) {
        this.outbox = outbox;
        this.partition = outbox.partition(0, "relay of the test");
    }

    OutboxPartition partition() {
        return partition;
    }

    List<UUID> append(int messages) {
        return IntStream.range(0, messages)
                .mapToObj(n -> outbox.append("model-" + n))
                .toList();
    }

    ClaimResult claim() {
        return claim(100);
    }

    ClaimResult claim(int maxMessages) {
        return claim(seen(), null, maxMessages, 100_000);
    }

    ClaimResult claim(ObservedCheckpoints seen, Long confirmedAt, int maxMessages, long maxBytes) {
        ClaimResult result = partition.claim(new ClaimRequest(seen, confirmedAt, cursor, maxMessages, maxBytes));
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

    ObservedCheckpoints seen() {
        return ObservedCheckpoints.newest(checkpoints.isEmpty() ? null : checkpoints.get(0));
    }

    ObservedCheckpoints all() {
        return new ObservedCheckpoints(checkpoints, List.of(), true);
    }

    /** What the queue has when this was appended. */
    void appended(ClaimResult.Claimed claimed) {
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

    void deliverPending() {
        boolean drained = false;
        while (!drained) {
            ClaimResult result = claim();
            if (result instanceof ClaimResult.LookAgain again) {
                result = claim(all(), again.confirmation(), 100, 100_000);
            }
            if (result instanceof ClaimResult.Claimed claimed) {
                appended(claimed);
            }
            drained = result instanceof ClaimResult.NothingPending nothing && nothing.drained();
        }
    }

    /** Redis is emptied. */
    void lostByTheQueue() {
        checkpoints.clear();
    }

    List<UUID> everDelivered() {
        return delivered;
    }

    /** Everything that was delivered was delivered so much earlier. */
    void age(Duration by) {
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
