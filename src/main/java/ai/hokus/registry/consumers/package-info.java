/**
 * The last mile: what consumers have taken from the queue and not finished, what they gave up, how long messages waited for
 * them, and the way to put elements back.
 *
 * <p><b>Promises</b> that nothing here delays a relay, a registration or a health check: the sampler has a thread and a
 * connection to Redis of its own, and on the relay's thread it only makes a note in memory; that reading the cache does no I/O
 * and takes no lock; that what is unknown is reported as unknown, with the reason; that memory is bounded: 1,000 elements of
 * each list, and the times of 100,000 messages.
 *
 * <p><b>Does not know</b> how long an element was in a list before this instance first saw it there: after a restart ages are
 * too low. If another instance, or somebody by hand, puts an element back and a consumer takes it again before the next look,
 * its old age counts on: it may be reported as stuck, and put back on request, although the consumer is at work on it.
 *
 * <p><b>May call</b> {@code outbox}, {@code queue} and {@code relay}, whose events it listens to. <b>Runs on</b> the thread
 * {@code consumers-1}; {@code PutBack} on the threads of operators' requests.
 */
@NullMarked
package ai.hokus.registry.consumers;

import org.jspecify.annotations.NullMarked;
