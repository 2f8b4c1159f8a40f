/**
 * Registrations: their HTTP endpoints, and the transaction that stores a registration together with its message, and with
 * the registrations that arrive at the same time.
 *
 * <p><b>Owns</b> the tables {@code model} and {@code registration}, the rules for what a client may send, the event's
 * payload, every answer that a client gets about a registration, and the bound on concurrent requests for them.
 *
 * <p><b>Promises</b> that a registration answered with 200 is on disk together with its message; that any other answer left
 * nothing behind, except a 503 that says that the commit's result is unknown; that the same registration sent again gets the
 * same answer and makes no second message; that the messages of one model are written in commit order, because each
 * transaction locks its models' rows first; that there are no deadlocks; and that transactions which wait for a locked row use at
 * most half of the connections.
 *
 * <p><b>May call</b> {@code outbox} and {@code web}.
 *
 * <p><b>Runs on</b> request threads, and on {@code registry.registration.group-commit-writers} threads, each of which stores
 * the registrations of several requests: see {@link ai.hokus.registry.registration.GroupCommit}. Nothing here touches Redis or
 * waits for the relay, and nothing stays in memory once its request is answered.
 */
@NullMarked
package ai.hokus.registry.registration;

import org.jspecify.annotations.NullMarked;
