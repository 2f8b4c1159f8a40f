package ai.hokus.registry.metrics;

import io.micrometer.cloudwatch2.CloudWatchConfig;
import io.micrometer.cloudwatch2.CloudWatchMeterRegistry;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.config.MeterFilter;
import java.net.URI;
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
import software.amazon.awssdk.services.cloudwatch.CloudWatchClientBuilder;

/** The registry that publishes to CloudWatch; none of it is there unless CLOUDWATCH_NAMESPACE is set. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnExpression("!environment.getProperty('registry.cloudwatch.namespace', '').isEmpty()")
class CloudWatchConfiguration {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(2);

    /**
     * One request with the SDK's own retries. With a read that is under way: 7 s at most, well inside a step, and what the
     * last publication may add to a shutdown.
     */
    static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

    /** The environment, the container's role (ECS), the instance's: asked for at the first request, not at the start. */
    @Bean(destroyMethod = "close")
    DefaultCredentialsProvider cloudWatchCredentials() {
        return DefaultCredentialsProvider.builder().build();
    }

    @Bean(destroyMethod = "close")
    CloudWatchPublisher cloudWatchPublisher(CloudWatchSettings settings, AwsCredentialsProvider credentials) {
        return new CloudWatchPublisher(client(settings, credentials));
    }

    /** Closed before the publisher is: what was counted last is published then. */
    @Bean(destroyMethod = "close")
    CloudWatchMeterRegistry cloudWatchMeterRegistry(CloudWatchSettings settings, CloudWatchPublisher publisher) {
        return registry(settings, Clock.SYSTEM, publisher);
    }

    @Bean
    MeterBinder cloudWatchFailures(CloudWatchPublisher publisher) {
        return registry -> FunctionCounter.builder(
                        ServiceMeter.CLOUDWATCH_FAILURES.spec().name(), publisher, CloudWatchPublisher::failures)
                .baseUnit(ServiceMeter.CLOUDWATCH_FAILURES.spec().unit())
                .description(ServiceMeter.CLOUDWATCH_FAILURES.description())
                .register(registry);
    }

    static CloudWatchClient client(CloudWatchSettings settings, AwsCredentialsProvider credentials) {
        CloudWatchClientBuilder client = CloudWatchClient.builder()
                .region(Region.of(settings.region()))
                .credentialsProvider(credentials)
                .httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECT_TIMEOUT)
                        .socketTimeout(READ_TIMEOUT))
                .overrideConfiguration(override -> override.apiCallTimeout(CALL_TIMEOUT)
                        .apiCallAttemptTimeout(CONNECT_TIMEOUT.plus(READ_TIMEOUT)));
        if (!settings.endpoint().isEmpty()) {
            client.endpointOverride(URI.create(settings.endpoint()));
        }
        return client.build();
    }

    /** Of every metric that CloudWatch gets, each combination of dimensions is paid for: only {@code partition} stays. */
    static CloudWatchMeterRegistry registry(CloudWatchSettings settings, Clock clock, CloudWatchPublisher publisher) {
        CloudWatchConfig config = Map.of(
                "cloudwatch.namespace",
                settings.namespace(),
                "cloudwatch.step",
                settings.step().toString())::get;
        CloudWatchMeterRegistry registry = new CloudWatchMeterRegistry(config, clock, publisher);
        registry.config()
                .meterFilter(MeterFilter.denyUnless(
                        id -> ServiceMeter.named(id.getName()).isPresent()))
                .meterFilter(MeterFilter.ignoreTags(ServiceMeter.Spec.CAUSE, ServiceMeter.Spec.POOL));
        return registry;
    }
}
