/**
 * Metrics: what operators' graphs and alarms see.
 *
 * <p><b>Owns</b> the list of meters ({@link ai.hokus.registry.metrics.ServiceMeter}), the code that feeds them, and the registry
 * that publishes to CloudWatch. {@code docs/metrics.md} explains each meter, and a test compares it with the code.
 *
 * <p><b>Promises</b> to cost the service next to nothing and to break nothing: gauges read caches in memory; what the relay
 * reports is counted and forgotten; when CloudWatch is away, slow or refuses, that is one log line and a counter.
 *
 * <p><b>May call</b> {@code consumers}, {@code relay} and {@code status}.
 *
 * <p><b>Runs on</b> the relay's threads ({@link ai.hokus.registry.metrics.RelayMeters}), on the threads that read a gauge,
 * and on {@code cloudwatch-metrics-publisher}.
 */
@NullMarked
package ai.hokus.registry.metrics;

import org.jspecify.annotations.NullMarked;
