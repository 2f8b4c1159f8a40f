/**
 * The last mile: what consumers have taken from the queue and not finished, and what they gave up.
 *
 * <p><b>Owns</b> the sampler of the lists that consumers keep beside the queue, the cache of what it saw ({@link
 * ai.hokus.registry.consumers.ConsumerCache}), the measurement of the time from commit to taken, and putting back ({@link
 * ai.hokus.registry.consumers.PutBack}).
 *
 * <p><b>Promises</b> that nothing here delays a relay, a registration or a health check: it has a thread and a connection to Redis
 * of its own, and what it is told on the relay's thread it notes in memory. That reading the cache does no I/O and takes no lock.
 * That what is not known is said to be unknown, and why: Redis away, rights that are missing, a cluster without a hash tag. That
 * its memory is bounded: 1,000 elements of each list, 100,000 times of messages that are on their way.
 *
 * <p><b>Does not know</b> since when an element lay in a list before this instance first saw it there. So ages are too low after
 * a restart rather than too high, and nothing is put back too early.
 *
 * <p><b>May call</b> {@code outbox}, {@code queue} and {@code relay}, whose events it listens to. <b>Runs on</b> the thread {@code
 * consumers}; {@code PutBack} on the threads of operators' requests.
 */
@NullMarked
package ai.hokus.registry.consumers;

import org.jspecify.annotations.NullMarked;
