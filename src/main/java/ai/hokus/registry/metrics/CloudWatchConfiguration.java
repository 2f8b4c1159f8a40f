package ai.hokus.registry.metrics;

import io.micrometer.cloudwatch2.CloudWatchConfig;
import io.micrometer.cloudwatch2.CloudWatchMeterRegistry;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.config.MeterFilter;
import java.time.Duration;
import java.util.Map;
import org.springframework.boot.autoconfigure.condition.ConditionalOnExpression;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;

/** The registry that publishes to CloudWatch; these beans exist only if CLOUDWATCH_NAMESPACE is set. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnExpression("!environment.getProperty('registry.cloudwatch.namespace', '').isEmpty()")
class CloudWatchConfiguration {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(2);

    /**
     * One request with the SDK's own retries. With a read that is under way it takes 7 s at most: well inside a step.
     *
     * <p>A shutdown publishes twice if the last step is not published yet, and leaves the second out if the first fails. So it
     * waits 7 s for a CloudWatch that is away, and 12 s for one that answers the first at the last moment and the second not at
     * all. With 3 s for requests, 6 s for the relay and 2 s for each of two Redis clients that is 25 s of the 30 s that ECS waits.
     */
    static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

    /** From the environment, the container's role (ECS) or the instance's; looked up at the first request, not at start-up. */
    @Bean(destroyMethod = "close")
    DefaultCredentialsProvider cloudWatchCredentials() {
        return DefaultCredentialsProvider.builder().build();
    }

    @Bean(destroyMethod = "close")
    CloudWatchPublisher cloudWatchPublisher(CloudWatchSettings settings, AwsCredentialsProvider credentials) {
        return new CloudWatchPublisher(client(settings, credentials));
    }

    /** Closed before the publisher, so that the last counts are still published. */
    @Bean(destroyMethod = "close")
    CloudWatchMeterRegistry cloudWatchMeterRegistry(CloudWatchSettings settings, CloudWatchPublisher publisher) {
        return registry(settings, Clock.SYSTEM, publisher);
    }

    static CloudWatchClient client(CloudWatchSettings settings, AwsCredentialsProvider credentials) {
        return CloudWatchClient.builder()
                .region(Region.of(settings.region()))
                .credentialsProvider(credentials)
                .httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECT_TIMEOUT)
                        .socketTimeout(READ_TIMEOUT))
                .overrideConfiguration(override ->
                        override.apiCallTimeout(CALL_TIMEOUT).apiCallAttemptTimeout(CONNECT_TIMEOUT.plus(READ_TIMEOUT)))
                .build();
    }

    /** CloudWatch charges for each combination of dimensions of a metric, so only the tag {@code partition} stays. */
    static CloudWatchMeterRegistry registry(CloudWatchSettings settings, Clock clock, CloudWatchPublisher publisher) {
        CloudWatchConfig config = Map.of(
                "cloudwatch.namespace",
                settings.namespace(),
                "cloudwatch.step",
                settings.step().toString())::get;
        CloudWatchMeterRegistry registry = new CloudWatchMeterRegistry(config, clock, publisher) {
            @Override
            public void close() {
                publisher.giveUpAtNextFailure();
                super.close();
            }
        };
        registry.config()
                .meterFilter(MeterFilter.denyUnless(
                        id -> ServiceMeter.named(id.getName()).isPresent()))
                .meterFilter(MeterFilter.ignoreTags(ServiceMeter.Spec.CAUSE, ServiceMeter.Spec.POOL));
        return registry;
    }
}
