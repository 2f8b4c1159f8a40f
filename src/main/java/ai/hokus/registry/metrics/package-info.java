/**
 * Metrics: what operators' graphs and alarms see.
 *
 * <p><b>Owns</b> the list of meters ({@link ai.hokus.registry.metrics.ServiceMeter}), those of the relay and of the two caches, and the registry that publishes to CloudWatch. {@code docs/metrics.md} explains each; a test compares.
 *
 * <p><b>Promises</b> to cost the service next to nothing and to break nothing: a gauge reads the status cache or that of consumers, which are
 * in memory; what the relay tells is counted and forgotten; CloudWatch away, slow or refusing is one log line and a counter.
 *
 * <p><b>May call</b> {@code consumers}, {@code relay} and {@code status}.
 *
 * <p><b>Runs on</b> the relay's threads ({@link ai.hokus.registry.metrics.RelayMeters}), on those of whoever reads a gauge,
 * and on {@code cloudwatch-metrics-publisher}.
 */
@NullMarked
package ai.hokus.registry.metrics;

import org.jspecify.annotations.NullMarked;
