/**
 * What keeps the outbox in order beside the path of a registration, and what operators see and do.
 *
 * <p><b>Owns</b> retention, the endpoints under {@code /outbox}, and the console. <b>Promises</b> that
 * nothing here stands between a registration and the queue: without this module a service remains that still delivers; that
 * the endpoints show what the operators' SQL views show; that an operation asked for twice is done once, and is on record.
 *
 * <p><b>May call</b> {@code outbox}, {@code relay}, {@code status} and {@code web}.
 *
 * <p><b>Runs on</b> the scheduler's thread (retention) and request threads.
 */
@NullMarked
package ai.hokus.registry.operations;

import org.jspecify.annotations.NullMarked;
