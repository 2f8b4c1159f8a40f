package ai.hokus.registry.operations;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of what operators may do.
 *
 * @param largestResend most messages that one call sends again. 10,000 copies are written in well under a second, in which
 *     the partition's relay waits; more than that would run into the 2 s that a relay waits for its row
 */
@ConfigurationProperties("registry.operators")
record OperatorSettings(@DefaultValue("10000") int largestResend) {

    OperatorSettings {
        if (largestResend < 1 || largestResend > 50_000) {
            throw new IllegalArgumentException("registry.operators.largest-resend is " + largestResend
                    + "; it must be between 1 and 50000, for example 10000");
        }
    }
}
