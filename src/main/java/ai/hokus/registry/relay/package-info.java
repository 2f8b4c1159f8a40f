/**
 * The relay: copies messages from the outbox to the queue, in order, once, and again when the queue lost them. {@code
 * docs/protocol.md} has the whole protocol and defines its terms.
 *
 * <p><b>Owns</b> the schedule, the lock, the pass, the breaker, and the wake-up after a commit. <b>Promises</b> that every
 * committed message reaches the queue, in commit order per key, and once as long as neither the queue nor the database loses
 * state; that no single fault needs a human. <b>May call</b> {@code outbox} and {@code queue}. <b>Runs on</b> one thread per
 * partition, {@code relay-N}; the appends of a backlog on others, {@code relay-N-append}.
 *
 * <h2>Compare-and-append</h2>
 *
 * <p>A relay that sends, and then notes in the database what it sent, may die between the two, and send twice; may sleep between the
 * two, and send out of order; and Redis may lose at a failover what it had acknowledged. So the note, a <i>checkpoint</i>, is kept
 * beside the queue. One script changes queue and checkpoint together, and only if the newest checkpoint is the expected one: of two
 * relays with the same view one appends.
 *
 * <ol>
 *   <li><b>Look</b>: read the newest checkpoint. This also tells whether the queue is there.
 *   <li><b>Claim</b>, one transaction that holds the partition's row: find the newest checkpoint that is in the log of batches,
 *       and move {@code delivered} there. Forward acknowledges. Backward makes pending what the queue lost, once a second look
 *       has seen the same. A checkpoint that is not in the log was lost by a restore, and delivery goes on in a new history; or
 *       another copy of the database wrote it, and the second time within an hour the partition stops. Then take the rest of
 *       the batch after {@code delivered}, or write a new one.
 *   <li><b>Append</b>, expecting the checkpoint that was seen. No transaction waits for it. With a backlog, the next batch is claimed
 *       meanwhile.
 *   <li><b>Handle the answer</b>. Appended: append what was claimed meanwhile, or claim again. Stale: claim again with what the
 *       answer said. Full: claim what there is room for. Refused: halve the batch, and park a message that is refused alone.
 * </ol>
 *
 * <p>Paused, a pass appends nothing but a <i>fence</i>: the newest checkpoint under the pause's own random id, so that an append
 * that was under way becomes stale.
 *
 * <p>Why this is enough. A lost reply need not be guessed at: the next look tells. A retry finds the checkpoint moved. A batch
 * never changes and its random id is never given twice, so two logs that share a batch share all before it, and a checkpoint is
 * in the log or is not. The relay lock (ShedLock) only saves work: nothing breaks when two relays overlap, because each claim
 * holds the partition's row and each append compares.
 *
 * <p><b>Reading order</b>: {@link ai.hokus.registry.relay.Relay} has one thread for each partition and is woken by a commit.
 * {@code PartitionRelay} is such a thread: breaker, look, lock, pass. {@code RelayPass} is the steps above as a loop. {@link
 * ai.hokus.registry.relay.RelayState} is what operators see of it.
 */
@NullMarked
package ai.hokus.registry.relay;

import org.jspecify.annotations.NullMarked;
