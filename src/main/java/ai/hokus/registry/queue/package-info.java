/**
 * The queue: a list that takes batches under a checkpoint.
 *
 * <p><b>Owns</b> {@link ai.hokus.registry.queue.MessageQueue} (look at the newest checkpoint, look at all of them, append), what
 * goes in and comes out, {@link ai.hokus.registry.queue.ConsumerLists}, which shows what consumers have taken and puts it back,
 * and the settings that every implementation obeys. The implementation is {@code ai.hokus.registry.queue.redis}; tests have a twin
 * in memory that keeps the same contract.
 *
 * <p><b>Promises</b> that an append happens whole or not at all, and that a failure is either the answer about one
 * particular batch ({@link ai.hokus.registry.queue.AppendResult.Refused}) or a {@link
 * ai.hokus.registry.queue.QueueUnavailableException} that says nothing against any message.
 *
 * <p><b>May call</b> no other module: it knows neither messages nor the database; a checkpoint is an opaque text to it.
 *
 * <p><b>Runs on</b> the relay's threads, the thread of {@code consumers}, and that of an operator's request who puts something
 * back. All wait here for {@link
 * ai.hokus.registry.queue.QueueSettings#maxCallDuration()} at most. Nothing on the path of a registration or a health check
 * comes here.
 */
@NullMarked
package ai.hokus.registry.queue;

import org.jspecify.annotations.NullMarked;
