/**
 * The relay copies messages from the outbox to the queue: in order, once, and again if the queue lost them.
 * {@code docs/protocol.md} has the whole protocol and defines its terms.
 *
 * <p><b>Owns</b> the schedule, the lock, the pass, the breaker, and the wake-up after a commit. <b>Promises</b> that every
 * committed message reaches the queue, in commit order per key, and once as long as neither the queue nor the database loses
 * state; that no single fault needs a human. <b>May call</b> {@code outbox} and {@code queue}. <b>Runs on</b> one thread per
 * partition, {@code relay-N}; the appends of a backlog run on others, {@code relay-N-append}.
 *
 * <p>A relay that sends, and then notes in the database what it sent, may die between the two, and Redis may lose what it had
 * acknowledged. So the note, a <i>checkpoint</i>, is kept beside the queue. One script changes queue and checkpoint together, and
 * only if the newest checkpoint is the expected one. After a lost reply nobody has to guess: the next look tells. A pass:
 *
 * <ol>
 *   <li><b>Look</b> at the newest checkpoint, which also tells whether the queue is there.
 *   <li><b>Claim</b> what comes next ({@link ai.hokus.registry.outbox.OutboxPartition#claim}).
 *   <li><b>Append</b>, expecting the checkpoint that was seen. With a backlog, the next batch is claimed meanwhile. Appended, or
 *       stale: claim again. Full: claim what there is room for. Refused: halve the batch, and park a message that is refused
 *       alone.
 * </ol>
 *
 * <p>The relay lock (ShedLock) only saves work: nothing breaks when two relays overlap, because each claim holds the partition's
 * row and each append compares.
 *
 * <p><b>Reading order</b>: {@link ai.hokus.registry.relay.Relay} has one thread for each partition and is woken by a commit.
 * {@code PartitionRelay} is such a thread: breaker, look, lock, pass. {@code RelayPass} runs the steps above in a loop.
 * {@link ai.hokus.registry.relay.RelayState} is what operators see of it.
 */
@NullMarked
package ai.hokus.registry.relay;

import org.jspecify.annotations.NullMarked;
