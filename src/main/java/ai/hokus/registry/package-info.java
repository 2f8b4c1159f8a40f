/**
 * The map of the code, for somebody who reads it for the first time. A registration's path through the modules:
 *
 * <pre>
 * HTTP -&gt; registration -one transaction-&gt; outbox &lt;-claim- relay -append-&gt; queue (Redis, through Redisson)
 *                                            ^                ^
 *                           operations ------+  metrics ------+     health -&gt; status, consumers
 *                                                             |
 *                                              consumers -----+  what consumers have taken, and left unfinished
 * </pre>
 *
 * <p>Read in this order: {@link ai.hokus.registry.registration}, where a request becomes a row and a message in one
 * transaction; {@link ai.hokus.registry.outbox}, where messages wait; {@link ai.hokus.registry.queue}, what Redis
 * promises; {@link ai.hokus.registry.relay}, the protocol between the two; {@link
 * ai.hokus.registry.consumers}, what becomes of a message after that. {@link ai.hokus.registry.web} has what all HTTP
 * endpoints share. Without {@code operations}, {@code health} and {@code metrics} the service would still deliver.
 *
 * <p><b>This package owns</b> what belongs to no module: the application, the clock, scheduling, the lock provider, and this
 * process's name. It calls no module.
 */
@NullMarked
package ai.hokus.registry;

import org.jspecify.annotations.NullMarked;
