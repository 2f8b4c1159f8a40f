/**
 * What keeps the outbox in order beside the path of a registration.
 *
 * <p><b>Owns</b> retention. <b>Promises</b> that nothing here stands between a registration and the queue: without this
 * room a service remains that still delivers.
 *
 * <p><b>May call</b> {@code outbox} and {@code relay}.
 *
 * <p><b>Runs on</b> the scheduler's thread.
 */
@NullMarked
package ai.hokus.registry.operations;

import org.jspecify.annotations.NullMarked;
