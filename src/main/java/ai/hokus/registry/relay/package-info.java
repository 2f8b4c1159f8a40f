/**
 * The relay copies messages from the outbox to the queue: in order, once, and again if the queue lost them.
 * {@code docs/protocol.md} has the whole protocol and defines its terms.
 *
 * <p><b>Owns</b> the schedule, the lock, the pass, the breaker, and the wake-up after a commit. <b>Promises</b> that every
 * committed message reaches the queue, in commit order per key, and once as long as neither the queue nor the database loses
 * state; that no single fault needs a human. <b>May call</b> {@code outbox} and {@code queue}. <b>Runs on</b> one thread per
 * partition, {@code relay-N}; the appends of a backlog run on others, {@code relay-N-append}.
 *
 * <h2>Compare-and-append</h2>
 *
 * <p>Imagine a relay that sends, and then notes in the database what it sent. If it dies between the two, it sends twice. If it
 * sleeps between the two, it sends out of order. And Redis may lose in a failover what it had acknowledged. So the note, a
 * <i>checkpoint</i>, is kept beside the queue. One script changes queue and checkpoint together, and only if the newest
 * checkpoint is the expected one. Of two relays with the same view, only one appends.
 *
 * <ol>
 *   <li><b>Look</b>: read the newest checkpoint. This also tells whether the queue is there.
 *   <li><b>Claim</b>, one transaction that holds the partition's row: find the newest checkpoint that is in the log of batches,
 *       and move {@code delivered} there. Forward acknowledges. Backward makes pending what the queue lost, once a second look
 *       has seen the same. If the newest checkpoint is not in the log, a restore lost it or another copy of the database wrote
 *       it. Delivery goes on in a new history, but the partition stops when a copy has written for the second time within
 *       {@code divergence-heal-interval}. Then take the rest of the batch after {@code delivered}, or write a new one.
 *   <li><b>Append</b>, expecting the checkpoint that was seen. No transaction waits for it. With a backlog, the next batch is claimed
 *       meanwhile.
 *   <li><b>Handle the answer</b>. Appended: append what was claimed meanwhile, or claim again. Stale: claim again with the
 *       checkpoint in the answer. Full: claim what there is room for. Refused: halve the batch, and park a message that is
 *       refused alone.
 * </ol>
 *
 * <p>While a partition is paused, a pass appends nothing but a <i>fence</i>: the newest checkpoint with the pause's own random
 * id. It makes every append that was under way stale.
 *
 * <p>Why is this enough? After a lost reply nobody has to guess: the next look tells. A retry finds that the checkpoint has
 * moved. A batch never changes and its random id is never given twice. So two logs that share a batch share all before it, and
 * a checkpoint either is in the log or is not. The relay lock (ShedLock) only saves work: nothing breaks when two relays
 * overlap, because each claim holds the partition's row and each append compares.
 *
 * <p><b>Reading order</b>: {@link ai.hokus.registry.relay.Relay} has one thread for each partition and is woken by a commit.
 * {@code PartitionRelay} is such a thread: breaker, look, lock, pass. {@code RelayPass} runs the steps above in a loop.
 * {@link ai.hokus.registry.relay.RelayState} is what operators see of it.
 */
@NullMarked
package ai.hokus.registry.relay;

import org.jspecify.annotations.NullMarked;
