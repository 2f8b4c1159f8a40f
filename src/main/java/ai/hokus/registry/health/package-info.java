/**
 * The answers to load balancers, deployments and people who ask whether the service is well.
 *
 * <p><b>Owns</b> {@code /health}, {@code /health/alb}, {@code /live} and {@code /ready}. <b>Promises</b> an answer within
 * milliseconds whatever Redis and the database are doing: it reads the status cache, and does no I/O.
 * Liveness depends on nothing. If only Redis fails, health is {@code degraded}, with HTTP 200, because registrations are accepted.
 * If the database fails, it is {@code unhealthy} and not ready, with 503. In the compatibility mode for the original's task
 * definitions ({@link ai.hokus.registry.health.HealthSettings}) {@code /health} is always answered with 200, and {@code /version}
 * and {@code /metrics} exist.
 *
 * <p><b>May call</b> {@code consumers} and {@code status}, and {@code relay} and {@code security} for the names of states. <b>Runs
 * on</b> request threads.
 */
@NullMarked
package ai.hokus.registry.health;

import org.jspecify.annotations.NullMarked;
