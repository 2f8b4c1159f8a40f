/**
 * The queue: a list that takes each batch together with a checkpoint.
 *
 * <p><b>Owns</b> {@link ai.hokus.registry.queue.MessageQueue}, {@link ai.hokus.registry.queue.ConsumerLists}, which shows what
 * consumers have taken and puts it back, and the settings. The implementation is {@code ai.hokus.registry.queue.redis}; tests
 * have a twin in memory that keeps the same contract.
 *
 * <p><b>Promises</b> that an append happens as a whole or not at all, and that a failure either concerns one
 * particular batch ({@link ai.hokus.registry.queue.AppendResult.Refused}) or is a {@link
 * ai.hokus.registry.queue.QueueUnavailableException}, for which no message is to blame.
 *
 * <p><b>May call</b> no other module: it knows neither messages nor the database; a checkpoint is an opaque text to it.
 *
 * <p><b>Runs on</b> the relay's threads, on the thread of {@code consumers}, and on the thread of a request in which an operator
 * puts something back. None of them waits here for longer than {@link ai.hokus.registry.queue.QueueSettings#maxCallDuration()}.
 * Registrations and health checks never come here.
 */
@NullMarked
package ai.hokus.registry.queue;

import org.jspecify.annotations.NullMarked;
