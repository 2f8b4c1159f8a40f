package ai.hokus.registry.status;

import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import ai.hokus.registry.security.AuthServiceStatus;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The status in words: what happened, what it means for messages, what to do. */
final class Findings {

    /** One rewind means that Redis fell back. Several in an hour mean that two servers take turns. */
    private static final int MANY_REWINDS = 3;

    private Findings() {}

    static List<String> of(ServiceStatus status) {
        List<String> findings = new ArrayList<>();
        database(status, findings);
        redis(status, findings);
        authService(status.authService(), findings);
        for (RelayStatus relay : status.relays()) {
            relay(relay, findings);
        }
        for (PartitionView partition : status.partitions()) {
            partition(partition, findings);
        }
        if (status.rewindsInLastHour() >= MANY_REWINDS) {
            findings.add(
                    "Redis or the database has lost state " + status.rewindsInLastHour() + " times within an hour, and"
                            + " messages were sent again: perhaps instances have different Redis servers"
                            + see("rewind"));
        }
        if (status.unsettled() != null) {
            findings.add(status.unsettled());
        }
        return findings;
    }

    private static void database(ServiceStatus status, List<String> findings) {
        if (!status.databaseUsable()) {
            findings.add(of(status.database()));
        } else if (status.overdue()) {
            findings.add("the outbox was "
                    + (status.sampledAt() == null ? "not read once since the start at " : "last read at ")
                    + status.sampledOrStartedAt() + ": what is pending now is not known" + see("outbox-unread"));
        }
    }

    /** The finding about the database; empty where registrations are accepted. */
    static String of(DatabaseState database) {
        String until = ": registrations are refused with 503 until it %s, and what was accepted is in it";
        return switch (database.condition()) {
            case WRITABLE -> "";
            case UNKNOWN -> "the database has not answered yet: registrations are not accepted until it does";
            case REFUSES_WRITES ->
                "the database refuses writes" + until.formatted("takes them") + cause(database.lastError())
                        + see("database-refuses-writes");
            case REFUSES_REGISTRATIONS ->
                "registrations fail, one after the other, although the database takes other writes: they are refused with"
                        + " 503 until one is stored, and what was accepted is in it" + cause(database.lastError())
                        + see("database-refuses-writes");
            case UNREACHABLE ->
                "the database does not answer" + until.formatted("does") + cause(database.lastError())
                        + see("database-unreachable");
        };
    }

    private static void redis(ServiceStatus status, List<String> findings) {
        switch (status.redis()) {
            case NOT_CONFIGURED ->
                findings.add("no Redis is configured: events wait in the outbox until REDIS_URL or REDIS_HOST is set");
            case UNREACHABLE ->
                findings.add("Redis takes nothing: events wait in the outbox, and are sent when it does again"
                        + see("redis-unreachable"));
            case UNKNOWN, REACHABLE -> {}
        }
        if (status.queueFull()) {
            findings.add("the queue is at its capacity: events wait in the outbox until consumers make room"
                    + see("queue-full"));
        }
    }

    private static void authService(@Nullable AuthServiceStatus service, List<String> findings) {
        if (service != null && service.state() == AuthServiceStatus.State.FAILING) {
            findings.add("the auth service gives no verdict on keys" + cause(service.lastProblem())
                    + ": keys that it accepted lately keep working, others are refused with 503 or 429"
                    + see("auth-service"));
        }
    }

    private static void relay(RelayStatus relay, List<String> findings) {
        String name = "partition " + relay.partition();
        if (relay.state() == RelayState.FAILING) {
            findings.add("the relay of " + name + " fails: its events wait, and it tries again"
                    + cause(relay.lastError()) + see("stuck-partition"));
        }
        if (relay.state() == RelayState.NOT_RELAYING) {
            findings.add("this instance does not relay " + name + cause(relay.lastError()) + see("not-relaying"));
        }
    }

    private static void partition(PartitionView partition, List<String> findings) {
        String name = "partition " + partition.outbox().partition();
        if (partition.outbox().paused()) {
            findings.add(name + " is paused: its events wait until an operator resumes it" + see("steering"));
        } else if (!partition.outbox().running()) {
            findings.add(
                    name + " is stopped: its events wait until an operator releases it" + see("stopped-partition"));
        }
        if (partition.stalled()) {
            findings.add("delivery of " + name + " stands still: messages wait, and no instance relays them"
                    + see("delivery-stalled"));
        }
    }

    /** What to do, where it takes more than a sentence. */
    private static String see(String section) {
        return ". What to do: the runbook, " + section;
    }

    private static String cause(@Nullable String error) {
        return error == null ? "" : " (" + error + ")";
    }
}
