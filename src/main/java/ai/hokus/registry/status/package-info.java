/**
 * What the service knows about itself: one status, which health, metrics and the console show.
 *
 * <p><b>Owns</b> the table {@code outbox_relay}, in which instances report, the probe of the database, the sampler of the outbox,
 * the cache of both, and the findings. <b>Promises</b> that reading the status does no I/O and takes no lock; that the database
 * counts as usable if and only if a write has recently committed, in the pool that registrations use; that a finding says in words
 * whatever keeps messages waiting.
 *
 * <p><b>Six names that look alike</b>: {@code PartitionState} is what an operator or the relay has decided (running, paused,
 * stopped). {@code RelayState} is what one instance's relay is doing, {@code RelayStatus} adds when and why, and {@code RelayMode}
 * says whether the instance relays at all. {@code PartitionStatus} is what the database knows of a partition, and {@code
 * PartitionView} is that together with this instance's {@code RelayStatus}.
 *
 * <p><b>May call</b> {@code outbox} and {@code relay}, and {@code security} to learn how the auth service answers. <b>Runs on</b>
 * two threads of its own: one probes, the other samples.
 */
@NullMarked
package ai.hokus.registry.status;

import org.jspecify.annotations.NullMarked;
