/**
 * Registrations: HTTP in and out, and the one transaction that stores a registration together with its message, and with
 * the registrations that arrive at the same time.
 *
 * <p><b>Owns</b> the tables {@code model} and {@code registration}, the rules for what a client may send, the event's
 * payload, and every answer that a client gets about a registration.
 *
 * <p><b>Promises</b> that a registration answered with 200 is on disk together with its message; that one answered
 * otherwise left nothing, except a 503 that says that the commit's result is unknown; that the same registration again
 * gives the same answer and no second message; that the messages of one model are written in commit order, because each
 * transaction locks its models' rows first; that no two transactions wait for each other; and that those that wait for a locked
 * row have no more than half of the connections.
 *
 * <p><b>May call</b> {@code outbox} and {@code web}.
 *
 * <p><b>Runs on</b> request threads, and on one thread for each of {@code registry.registration.group-commit-writers}, which
 * stores what several requests wait for: see {@link ai.hokus.registry.registration.GroupCommit}. Nothing here touches Redis,
 * waits for the relay or keeps in memory anything that no request is waiting with.
 */
@NullMarked
package ai.hokus.registry.registration;

import org.jspecify.annotations.NullMarked;
