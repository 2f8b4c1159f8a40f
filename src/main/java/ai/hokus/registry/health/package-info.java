/**
 * The answers to load balancers, deployments and people: is it well?
 *
 * <p><b>Owns</b> {@code /health}, {@code /health/alb}, {@code /live} and {@code /ready}. <b>Promises</b> an answer within
 * milliseconds whatever Redis and the database are doing: it judges what the status cache knows, and does no I/O.
 * Liveness depends on nothing. Redis alone failing is {@code degraded}, and HTTP 200: registrations are accepted. The
 * database failing is {@code unhealthy} and not ready, 503. In the original's compatibility mode ({@link
 * ai.hokus.registry.health.HealthSettings}) {@code /health} is answered 200 all the same, and {@code /version} and {@code
 * /metrics} are there.
 *
 * <p><b>May call</b> {@code consumers}, {@code status}, and {@code relay} and {@code security} for the names of states. <b>Runs
 * on</b> request threads.
 */
@NullMarked
package ai.hokus.registry.health;

import org.jspecify.annotations.NullMarked;
