/**
 * The chaos harness: real services, PostgreSQL and Redis as processes, faults from a seeded schedule, and a ledger of what
 * became of every acknowledged registration.
 *
 * <p>Reading order: {@link ai.hokus.registry.chaos.ChaosIT} plays the scenarios; {@link ai.hokus.registry.chaos.Stage} is
 * what they play on; {@link ai.hokus.registry.chaos.Ledger} judges. The scenarios stand in {@code InstanceScenarios}, {@code
 * RedisScenarios}, {@code FailoverScenarios}, {@code DatabaseScenarios} and {@code DeploymentScenarios}. {@code docs/reliability.md} has the figures.
 *
 * <p>Everything listens on 127.0.0.1 only. Nothing in the service knows of the harness: where a fault must hit one step
 * of a pass, a {@link ai.hokus.registry.chaos.Trap} in a {@link ai.hokus.registry.chaos.TcpProxy} recognises the step by the
 * bytes that the service sends or is sent.
 */
package ai.hokus.registry.chaos;
