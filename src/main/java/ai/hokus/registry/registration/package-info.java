/**
 * Registrations: HTTP in and out, and the one transaction that stores a registration together with its message.
 *
 * <p><b>Owns</b> the tables {@code model} and {@code registration}, the rules for what a client may send, the event's
 * payload, and every answer that a client gets about a registration.
 *
 * <p><b>Promises</b> that a registration answered with 200 is on disk together with its message; that one answered
 * otherwise left nothing, except a 503 that says that the commit's result is unknown; that the same registration again
 * gives the same answer and no second message; that the messages of one model are written in commit order, because each
 * registration locks its model's row first.
 *
 * <p><b>May call</b> {@code outbox}.
 *
 * <p><b>Runs on</b> the threads of requests. Nothing here touches Redis, waits for the relay or keeps anything in memory
 * between two requests.
 */
@NullMarked
package ai.hokus.registry.registration;

import org.jspecify.annotations.NullMarked;
