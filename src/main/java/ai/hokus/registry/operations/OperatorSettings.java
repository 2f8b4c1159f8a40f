package ai.hokus.registry.operations;

import ai.hokus.registry.SettingRange;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of what operators may do.
 *
 * @param maxResend Maximum number of messages that one call sends again. 10,000 small ones take a few seconds.
 * @param maxResendSize Maximum payload that one call sends again. 256 MB are 64 transactions of 4 MB.
 * @param fenceTimeout How long the answer to a pause waits for the fence, after which no append can succeed. If there is no
 *     fence yet, the answer says so.
 */
@ConfigurationProperties("registry.operations")
record OperatorSettings(
        @DefaultValue("10000") int maxResend,
        @DefaultValue("256MB") DataSize maxResendSize,
        @DefaultValue("5s") Duration fenceTimeout) {

    OperatorSettings {
        SettingRange.between("registry.operations.max-resend", maxResend, 1, 50_000, "10000");
        SettingRange.between(
                "registry.operations.max-resend-size",
                maxResendSize,
                DataSize.ofBytes(1),
                DataSize.ofGigabytes(2),
                "256MB");
        SettingRange.between(
                "registry.operations.fence-timeout", fenceTimeout, Duration.ZERO, Duration.ofSeconds(30), "5s");
    }
}
