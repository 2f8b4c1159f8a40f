package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.MessageQueue;

/**
 * Where the messages go, for logs and status pages.
 *
 * @param configured whether there is a Redis at all; without one there is no {@link MessageQueue}, and messages wait
 * @param description {@code redis://cache.internal:6379}, or {@code not configured}; never a user name or a password
 * @param capacity elements at which the relay stops
 * @param notifications whether subscribers are told of each message too
 */
public record QueueTarget(boolean configured, String description, long capacity, boolean notifications) {}
