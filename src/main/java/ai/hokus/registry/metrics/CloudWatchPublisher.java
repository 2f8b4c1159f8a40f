package ai.hokus.registry.metrics;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.cloudwatch.model.PutMetricDataRequest;
import software.amazon.awssdk.services.cloudwatch.model.PutMetricDataResponse;

/**
 * Micrometer's client of CloudWatch. Its registry wants the SDK's asynchronous one, which would bring a second Netty for one
 * request a minute. This one sends on the caller's thread, which Micrometer uses for publishing only. Failures are logged when
 * they begin and end, and not passed on: the registry would log each with its stack trace. Thread-safe.
 */
final class CloudWatchPublisher implements CloudWatchAsyncClient {

    private static final Logger log = LoggerFactory.getLogger(CloudWatchPublisher.class);

    /** The maximum of CloudWatch. The registry puts it in place of infinity, which says nothing, so it is left out. */
    private static final double LARGEST_VALUE = 1.174271e+108;

    private final CloudWatchClient client;
    private final AtomicBoolean failing = new AtomicBoolean();
    private volatile boolean closing;
    private volatile boolean gaveUp;

    CloudWatchPublisher(CloudWatchClient client) {
        this.client = client;
    }

    /** From now on nothing is sent after a failure: a shutdown waits once for a CloudWatch that is away. */
    void giveUpAtNextFailure() {
        closing = true;
    }

    @Override
    public CompletableFuture<PutMetricDataResponse> putMetricData(PutMetricDataRequest request) {
        List<MetricDatum> finite = request.metricData().stream()
                .filter(datum -> Math.abs(datum.value()) < LARGEST_VALUE)
                .toList();
        if (!finite.isEmpty() && !gaveUp) {
            try {
                client.putMetricData(request.toBuilder().metricData(finite).build());
                succeeded();
            } catch (RuntimeException e) {
                failed(e);
            }
        }
        return CompletableFuture.completedFuture(PutMetricDataResponse.builder().build());
    }

    private void succeeded() {
        if (failing.getAndSet(false)) {
            log.info("CloudWatch takes metrics again.");
        }
    }

    private void failed(RuntimeException e) {
        gaveUp = closing;
        if (!failing.getAndSet(true)) {
            log.warn(
                    "CloudWatch takes no metrics ({}). The service goes on; what was measured meanwhile is lost, and the"
                            + " next publication tries again.",
                    e.toString());
        }
    }

    @Override
    public String serviceName() {
        return client.serviceName();
    }

    @Override
    public void close() {
        client.close();
    }
}
