/**
 * Metrics: what operators' graphs and alarms see.
 *
 * <p><b>Owns</b> the list of meters ({@link ai.hokus.registry.metrics.ServiceMeter}), the code that feeds them, and the
 * registry that publishes to CloudWatch. {@code docs/metrics.md} explains each meter, and a test compares it with the code.
 *
 * <p><b>Promises</b> to break nothing: gauges read caches in memory, and a CloudWatch that is away, slow or refuses costs one
 * log line.
 *
 * <p><b>May call</b> {@code consumers}, {@code relay} and {@code status}. <b>Runs on</b> the relay's threads, on those that
 * read a gauge, and on {@code cloudwatch-metrics-publisher}.
 */
@NullMarked
package ai.hokus.registry.metrics;

import org.jspecify.annotations.NullMarked;
