/**
 * The outbox: messages that are written in the caller's transaction and wait until the queue has them.
 *
 * <p><b>Owns</b> the tables {@code outbox}, {@code outbox_message}, {@code outbox_batch}, {@code outbox_delivery}, {@code
 * outbox_partition}, {@code outbox_rewind} and {@code outbox_parked}. <b>May call</b> no other module.
 *
 * <p><b>Promises</b> that a message exists if and only if the transaction that added it committed; that messages and batches
 * are inserted and deleted, and never updated; that the messages of one key are claimed in commit order; that nothing which the
 * protocol still needs is purged.
 *
 * <p><b>Reading order</b>: {@link ai.hokus.registry.outbox.Outbox} writes a message. {@link
 * ai.hokus.registry.outbox.OutboxPartition} is what a relay works on; its {@code claim} compares the queue with the log ({@code
 * Reconciliation}), and selects messages ({@code MessageScan}, which keeps its place in a {@link
 * ai.hokus.registry.outbox.ScanCursor}). The batch that it writes gives them their positions; {@code OutboxScrub} writes one
 * for a forgotten message. {@code Retention} schedules {@code OutboxPurge} and {@code OutboxScrub}. {@code SqlDialect} is where H2 and PostgreSQL differ.
 *
 * <p><b>Runs on</b> the caller's threads: a request's for {@code Outbox}, the relay's for {@code OutboxPartition}, the
 * scheduler's for purge and scrub.
 */
@NullMarked
package ai.hokus.registry.outbox;

import org.jspecify.annotations.NullMarked;
