/**
 * Redis, through Redisson: the only code that knows the client library.
 *
 * <p><b>Owns</b> the {@code REDIS_...} variables, the client with its threads and connections, the scripts (the only
 * ones that append to the queue), and the classification of every way in which Redis can fail.
 *
 * <p><b>Promises</b> that start-up touches no Redis, that a call ends within {@link
 * ai.hokus.registry.queue.QueueSettings#maxCallDuration()}, that nothing is retried here, and that a Redis that comes back is
 * used again without a restart, also if it is another node at the same address.
 *
 * <p><b>May call</b> {@link ai.hokus.registry.queue}, which it implements.
 *
 * <p><b>Runs on</b> its callers' threads. There are two clients, one for the relay and one for the consumers' lists. Each has
 * four threads of its own, and its calls start on {@code queue-start} threads, so that a caller can stop waiting even while there
 * is no connection.
 */
@NullMarked
package ai.hokus.registry.queue.redis;

import org.jspecify.annotations.NullMarked;
