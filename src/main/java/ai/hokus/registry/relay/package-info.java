/**
 * The relay: copies the outbox to the queue, in order, once, and again when the queue forgot.
 *
 * <p><b>Owns</b> the schedule, the lock, the pass, the breaker, and the wake-up after a commit. <b>Promises</b> that every
 * committed message reaches the queue, in commit order per key, and once as long as neither the queue nor the database
 * loses state; that an outage of the queue, however long, uses up nothing. <b>May call</b> {@code outbox} and {@code queue}.
 * <b>Runs on</b> one thread per partition, {@code relay-N}.
 *
 * <h2>Compare-and-append with checkpoints</h2>
 *
 * <p>A relay that sends and then notes in the database what it sent cannot be right: it may die between the two, and then
 * sends twice; it may sleep between the two, wake up late, and send out of order; and Redis may forget at a failover what
 * it had acknowledged, which no note in the database shows. So the note is kept where the messages are. Beside the queue
 * stand <i>checkpoints</i>, one per append: the position, the id and the term of its last message. One script changes both,
 * and only if the newest checkpoint is the expected one.
 *
 * <p>A pass over a partition ({@link ai.hokus.registry.relay.RelayPass}):
 *
 * <ol>
 *   <li><b>Look</b>: read the newest checkpoint. This is also the probe that tells whether the queue is there.
 *   <li><b>Claim</b>, in one transaction that holds the partition's row: find the newest checkpoint in this history, and
 *       move {@code delivered_position} to it. Forward acknowledges the batch before. Backward means that the queue lost
 *       messages, and makes them pending again; it is believed only if a second look, with no transaction open, sees the
 *       same. Then take the next messages, and give positions to those that have none, in a term of this claim's own: a
 *       random number. Neither ever changes.
 *   <li><b>Append</b>, with no transaction open, expecting the checkpoint that was seen. Appended, or stale because
 *       another relay was first: claim again with what the answer said. Full: take no more than there is room for. Refused:
 *       halve the batch; a message that is refused alone is recorded and skipped, if an empty append passes.
 * </ol>
 *
 * <p>While an append is under way and more is pending, the next batch is claimed already, after the one under way and on what
 * was seen before it. It is sent only if that one was appended: the script then finds the checkpoint that it expects, and what
 * follows follows. If not, it is claimed again, with the positions that it was given.
 *
 * <p>Caught up, a pass keeps its lock for a moment, woken by this instance's commits and looking for those of others. Where many
 * come, it waits a few milliseconds for a batch to be of several messages; a message alone waits for none.
 *
 * <p>Why this is enough. The script is a compare-and-swap: of two relays with the same view one appends, and the other
 * learns of it. An append whose answer was lost is not guessed at: the next look tells. A retry, by whichever library,
 * finds its checkpoint moved. A queue that fell back shows an older checkpoint, and what came after it is sent again. A
 * database that was restored no longer holds the newest checkpoint, and the relay goes back to the newest that both know:
 * it gives positions again, but never with the same term, so that two histories with a checkpoint in common have all before
 * it in common.
 * The lock ({@code relay-N} in the table {@code shedlock}) is an economy: it keeps two relays from doing the same work;
 * nothing breaks when they do.
 *
 * <p>What is left to consumers: after the queue or the database lost state, a message can come again, with the same {@code
 * message_id}.
 *
 * <h2>States of a partition's relay</h2>
 *
 * <pre>
 *   STARTING --> DELIVERING &lt;--> IDLE            nothing is pending
 *                 |  ^  ^--> STANDING_BY         another instance has the lock
 *                 |  |
 *                 |  +-- WAITING                 the queue takes nothing; the breaker counts, opens, tries again
 *                 |  +-- QUEUE_FULL              back-pressure: consumers make room; no breaker
 *                 |  +-- FAILING                 the database, or something unforeseen; tried again
 *                 +----- PAUSED, DIVERGED        an operator's decision
 *   any --> STOPPED
 * </pre>
 *
 * <p>The breaker is asked first, then the lock: an instance that cannot reach the queue must not hold a partition. A pass's
 * deadline starts before the lock is asked for, and {@link ai.hokus.registry.relay.RelaySettings} has the arithmetic that
 * keeps it inside the lock's time.
 */
@NullMarked
package ai.hokus.registry.relay;

import org.jspecify.annotations.NullMarked;
