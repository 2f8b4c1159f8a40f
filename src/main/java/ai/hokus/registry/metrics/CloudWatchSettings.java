package ai.hokus.registry.metrics;

import ai.hokus.registry.SettingRange;
import java.time.Duration;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of CloudWatch, from the environment's {@code CLOUDWATCH_...} variables. Credentials are not among them: they
 * come from the AWS SDK's default chain, on ECS the task's role.
 *
 * @param namespace Namespace of the metrics. Empty: nothing is published.
 * @param region AWS region. It defaults to {@code AWS_REGION}, which ECS sets.
 * @param step Interval between two publications. The alarms have a resolution of one minute, and each request costs money.
 */
@ConfigurationProperties("registry.cloudwatch")
record CloudWatchSettings(
        @DefaultValue("") String namespace,
        @DefaultValue("") String region,
        @DefaultValue("1m") Duration step) {

    private static final Pattern NAMESPACE = Pattern.compile("(?!AWS/)[0-9A-Za-z._/#-][0-9A-Za-z._/#:-]{0,254}");
    private static final Pattern REGION = Pattern.compile("[a-z]{2,3}(-[a-z]+)+-[0-9]+");

    CloudWatchSettings {
        if (!namespace.isEmpty()) {
            if (!NAMESPACE.matcher(namespace).matches()) {
                throw new IllegalArgumentException("CLOUDWATCH_NAMESPACE is \"" + namespace
                        + "\"; it must be 1 to 255 letters, digits and . _ / # : - and not begin with AWS/ or a colon,"
                        + " for example RegistrationOutbox");
            }
            if (!REGION.matcher(region).matches()) {
                throw new IllegalArgumentException("CLOUDWATCH_REGION is \"" + region
                        + "\"; with CLOUDWATCH_NAMESPACE set, it or AWS_REGION must name a region, for example"
                        + " us-east-1");
            }
            SettingRange.between("CLOUDWATCH_STEP", step, Duration.ofSeconds(1), Duration.ofHours(1), "1m");
        }
    }
}
