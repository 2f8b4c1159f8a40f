/**
 * The last mile: what consumers have taken from the queue and not finished, and what they gave up.
 *
 * <p><b>Owns</b> the sampler of the lists that consumers keep beside the queue, the cache of what it saw ({@link
 * ai.hokus.registry.consumers.ConsumerCache}), the measurement of the time from a message's commit until a consumer takes it, and
 * the way to put elements back ({@link ai.hokus.registry.consumers.PutBack}).
 *
 * <p><b>Promises</b>
 *
 * <ul>
 *   <li>that nothing here delays a relay, a registration or a health check: the sampler has a thread and a connection to Redis
 *       of its own, and on the relay's thread it only makes a note in memory;
 *   <li>that reading the cache does no I/O and takes no lock;
 *   <li>that what is unknown is reported as unknown, with the reason: Redis is away, rights are missing, or a cluster's queue has
 *       no hash tag;
 *   <li>that memory is bounded: 1,000 elements of each list, and the times of 100,000 messages that are on their way.
 * </ul>
 *
 * <p><b>Does not know</b> how long an element was in a list before this instance first saw it there. So after a restart ages are
 * too low rather than too high. An element that this instance puts back begins anew. What another instance, or somebody by hand,
 * puts back is noticed only if a look finds it gone. If a consumer takes it again before the next look, this instance goes on
 * counting from before until a look finds it gone. Until then it may report it as stuck, and put it back on request, although the
 * consumer is at work on it.
 *
 * <p><b>May call</b> {@code outbox}, {@code queue} and {@code relay}, whose events it listens to. <b>Runs on</b> the thread {@code
 * consumers-1}; {@code PutBack} on the threads of operators' requests.
 */
@NullMarked
package ai.hokus.registry.consumers;

import org.jspecify.annotations.NullMarked;
