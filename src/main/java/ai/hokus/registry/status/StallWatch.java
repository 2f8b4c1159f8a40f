package ai.hokus.registry.status;

import ai.hokus.registry.outbox.PartitionState;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayMode;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.stereotype.Component;

/**
 * Finds out where delivery stands still: a message has waited for longer than a limit, and this instance has seen nothing
 * delivered for as long. Reasons with a finding of their own are left out: Redis takes nothing, the queue is full, an operator
 * paused the partition. Everything else counts. Confined to the sampler's thread.
 */
@Component
class StallWatch {

    private static final Logger log = LoggerFactory.getLogger(StallWatch.class);

    /** States in which messages wait for a reason that is known. */
    private static final Set<String> EXPLAINED = Stream.of(RelayState.WAITING, RelayState.QUEUE_FULL, RelayState.PAUSED)
            .map(state -> state.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());

    private final Relay relay;
    private final Duration limit;
    private final Clock steady;
    private final Map<Integer, Standstill> standstills = new HashMap<>();
    private final Set<Integer> stalled = new HashSet<>();

    /** Since when something has been pending, and nothing delivered, without an explanation. */
    private record Standstill(long deliveredPosition, Instant since) {}

    StallWatch(Relay relay, StatusSettings settings, @Qualifier("steadyClock") Clock steady) {
        this.relay = relay;
        this.limit = settings.stalledAfter();
        this.steady = steady;
    }

    Set<Integer> look(List<PartitionStatus> partitions) {
        for (PartitionStatus partition : partitions) {
            boolean now = isStalled(partition);
            if (now && stalled.add(partition.partition())) {
                log.error(
                        "Delivery of partition {} stands still: {} messages wait, the oldest for {} s, and no instance relays"
                                + " them. The relay of this instance: {}. They stay in the outbox; see the runbook,"
                                + " delivery-stalled.",
                        partition.partition(),
                        partition.pending(),
                        partition.oldestPendingAgeMs() / 1000,
                        describe(partition.partition()));
            } else if (!now && stalled.remove(partition.partition())) {
                log.info("Delivery of partition {} does not stand still any more.", partition.partition());
            }
        }
        return Set.copyOf(stalled);
    }

    private boolean isStalled(PartitionStatus partition) {
        if (partition.pending() == 0 || isExplained(partition)) {
            standstills.remove(partition.partition());
            return false;
        }
        Instant now = steady.instant();
        Standstill standstill = standstills.get(partition.partition());
        if (standstill == null || standstill.deliveredPosition() != partition.deliveredPosition()) {
            standstill = new Standstill(partition.deliveredPosition(), now);
            standstills.put(partition.partition(), standstill);
        }
        return partition.oldestPendingAgeMs() > limit.toMillis()
                && Duration.between(standstill.since(), now).compareTo(limit) > 0;
    }

    private boolean isExplained(PartitionStatus partition) {
        return partition.state() == PartitionState.PAUSED
                || relay.mode() == RelayMode.NOT_CONFIGURED
                || (partition.reportedRelayState() != null && EXPLAINED.contains(partition.reportedRelayState()));
    }

    private String describe(int partition) {
        List<RelayStatus> relays = relay.statuses();
        if (partition >= relays.size()) {
            return "none (" + relay.mode().name().toLowerCase(Locale.ROOT) + ")";
        }
        RelayStatus status = relays.get(partition);
        return status.state().name().toLowerCase(Locale.ROOT)
                + (status.lastError() == null ? "" : ", last error: " + status.lastError());
    }
}
