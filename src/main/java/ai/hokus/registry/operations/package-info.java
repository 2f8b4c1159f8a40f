/**
 * What operators see and do.
 *
 * <p><b>Owns</b> the endpoints under {@code /outbox} and the console, the SQL behind them, and the table {@code
 * outbox_operation}.
 *
 * <p><b>Promises</b> that nothing here stands between a registration and the queue, so that the service would deliver and purge
 * without this module; that the endpoints show what the operators' SQL views show; that an action that is asked for twice is done
 * once, and is recorded; that queries and actions read or lock a bounded number of rows at a time, however many messages there are.
 *
 * <p><b>Reading order</b>: {@code OutboxQueryController} shows what {@code OutboxQueries} and {@code MessageListing} read. {@code
 * OperatorActionController} reads what an operator wants; {@code OperatorActions}, {@code Resend} and {@code PutBackAction} do
 * it, through {@code OperationLog}, which makes sure that it is done once.
 *
 * <p><b>May call</b> {@code consumers}, {@code outbox}, {@code queue} (for its lists' names and its exception),
 * {@code relay}, {@code status} and {@code web}.
 *
 * <p><b>Runs on</b> request threads.
 */
@NullMarked
package ai.hokus.registry.operations;

import org.jspecify.annotations.NullMarked;
