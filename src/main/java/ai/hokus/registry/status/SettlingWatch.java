package ai.hokus.registry.status;

import ai.hokus.registry.status.WritingTransactions.Progress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.stereotype.Component;

/**
 * Finds out when {@code settled_id} stands still because of a transaction that does not end. Confined to the sampler's thread.
 *
 * <p>Without traffic {@code settled_id} stands still too. So the finding needs three things, for a minute: the oldest writing
 * transaction is the same, {@code settled_id} is the same, and higher ids than at its beginning have been claimed.
 */
@Component
class SettlingWatch {

    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final WritingTransactions transactions;
    private final Clock steady;

    private Instant since = Instant.MIN;
    private Map<Integer, Progress> atBeginning = Map.of();

    SettlingWatch(WritingTransactions transactions, @Qualifier("steadyClock") Clock steady) {
        this.transactions = transactions;
        this.steady = steady;
    }

    /** What keeps it where it is, in words; null: nothing. */
    @Nullable
    String look() {
        List<Progress> progress = transactions.progress();
        Instant now = steady.instant();
        boolean same = !progress.isEmpty()
                && atBeginning.values().stream()
                        .anyMatch(p -> p.oldestXid() == progress.get(0).oldestXid());
        if (!same) {
            since = now;
            atBeginning = progress.stream().collect(Collectors.toMap(Progress::partition, p -> p));
            return null;
        }
        List<String> held = progress.stream()
                .filter(this::standsStill)
                .map(p -> Integer.toString(p.partition()))
                .toList();
        if (held.isEmpty() || Duration.between(since, now).compareTo(LIMIT) < 0) {
            return null;
        }
        return "a transaction that does not end keeps settled_id of partition " + String.join(", ", held)
                + " where it is: " + transactions.describe(progress.get(0).oldestXid())
                + ". Messages are delivered, with more work for each the longer it lasts";
    }

    private boolean standsStill(Progress progress) {
        Progress before = atBeginning.get(progress.partition());
        return before != null
                && progress.settledId() == before.settledId()
                && progress.highestClaimedId() > Math.max(before.highestClaimedId(), progress.settledId());
    }
}
