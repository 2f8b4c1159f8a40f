/**
 * How the service connects to its database, and what must be true before it uses it.
 *
 * <p><b>Connections.</b> {@link ai.hokus.registry.database.PoolSetup} gives the pool its timeouts, a rule for when a
 * connection is thrown away ({@link ai.hokus.registry.database.StaleConnectionOverride}), and connections that
 * {@link ai.hokus.registry.database.PostgresSession} has set up. A connection through a pooler (PgBouncer in transaction
 * mode and the like) is recognised when it is opened. It gets no server-side prepared statements and no session settings;
 * {@link ai.hokus.registry.database.DurableTransactionManager} sets what matters for each transaction instead.
 * {@link ai.hokus.registry.database.DurabilityCheck} refuses to start where a commit could be lost.
 *
 * <p><b>Migrations</b> run before anything else uses the database, on a {@link
 * ai.hokus.registry.database.MigrationDataSource} of their own, on the main thread. {@link
 * ai.hokus.registry.database.Migrations} makes a limited number of attempts, and turns a problem that an operator can fix into
 * one sentence.
 *
 * <p>Other modules use the beans that Spring injects ({@code DataSource}, {@code PlatformTransactionManager}) and nothing
 * from here. Writes that must be durable go through that {@code PlatformTransactionManager}: behind a pooler, a statement
 * outside a transaction has the settings that the role happens to have.
 */
@NullMarked
package ai.hokus.registry.database;

import org.jspecify.annotations.NullMarked;
