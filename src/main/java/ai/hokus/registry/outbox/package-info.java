/**
 * The outbox: messages that are written in the caller's transaction and wait until the queue has them.
 *
 * <p><b>Owns</b> every statement on {@code outbox}, {@code outbox_message}, {@code outbox_partition}, {@code
 * outbox_delivery}, {@code outbox_rewind}, {@code outbox_parked}, {@code outbox_operation} and the operators' views: append,
 * claim, park, purge, and what operators see and do.
 *
 * <p><b>Promises</b> that a message exists if and only if the transaction that appended it committed; that a position,
 * once given, never changes; that the messages of one key are claimed in commit order; that nothing the protocol still
 * needs is purged.
 *
 * <p><b>May call</b> no other room.
 *
 * <p><b>Runs on</b> the caller's threads: a request's for {@link ai.hokus.registry.outbox.Outbox}, the relay's for
 * {@link ai.hokus.registry.outbox.OutboxPartition}.
 */
@NullMarked
package ai.hokus.registry.outbox;

import org.jspecify.annotations.NullMarked;
