package ai.hokus.registry.outbox;

import org.jspecify.annotations.Nullable;

/**
 * Who relays, and where to. A partition is relayed only where queue and environment are those that the database has recorded:
 * a copy of a database, or an instance that is configured for another queue, must not send what it finds there.
 */
record RelayIdentity(
        String instance, String queueName, @Nullable String environment) {

    /** Why this instance must not relay; null: it may. */
    @Nullable
    String refusal(@Nullable String recordedQueue, @Nullable String recordedEnvironment) {
        if (recordedEnvironment != null && !recordedEnvironment.equals(environment)) {
            return "this database belongs to the environment \"" + recordedEnvironment + "\", and"
                    + " registry.outbox.environment is "
                    + (environment == null ? "not set" : "\"" + environment + "\"")
                    + " here. If this is a copy, that is as it should be. If not, set"
                    + " registry.outbox.environment=" + recordedEnvironment + ", or let an operator adopt the new one";
        }
        if (recordedQueue != null && !recordedQueue.equals(queueName)) {
            return "this database delivers to the queue \"" + recordedQueue + "\", and registry.queue.name is \""
                    + queueName + "\" here. Set registry.queue.name=" + recordedQueue
                    + ", or let an operator adopt the new name";
        }
        return null;
    }
}
