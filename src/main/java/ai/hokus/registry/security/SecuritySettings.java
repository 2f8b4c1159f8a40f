package ai.hokus.registry.security;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of this room.
 *
 * @param keyFile where keys are, see {@link KeyFile}; empty: in no file. {@code API_KEYS_FILE}
 * @param authService who else knows keys
 * @param rateLimit how many requests one key may send
 * @param bodyTime how long a client may take to send a body. 1 MB within it needs 100 KB/s, which any client has; an honest
 *     body of 2 KB needs one packet
 * @param mostHeaders how many headers a request may have. Browsers behind two proxies send about 30
 */
@ConfigurationProperties("registry.security")
record SecuritySettings(
        @DefaultValue("") String keyFile,
        @DefaultValue AuthService authService,
        @DefaultValue RateLimit rateLimit,
        @DefaultValue("10s") Duration bodyTime,
        @DefaultValue("100") int mostHeaders) {

    SecuritySettings {
        if (bodyTime.toMillis() < 100 || bodyTime.compareTo(Duration.ofMinutes(5)) > 0) {
            throw new IllegalArgumentException("registry.security.body-time is " + bodyTime
                    + "; it must be between 100ms and 5m, for example 10s");
        }
        if (mostHeaders < 10 || mostHeaders > 1_000) {
            throw new IllegalArgumentException(
                    "registry.security.most-headers is " + mostHeaders + "; it must be between 10 and 1000");
        }
    }

    /**
     * The auth service.
     *
     * @param url where it is, without the path; empty: there is none. {@code AUTH_SERVICE_URL}
     * @param id who we are to it. {@code AUTH_SERVICE_ID}
     * @param connectTimeout until it is connected
     * @param answerTimeout until its whole answer is there, connecting included: the longest that a request waits for it
     * @param freshFor how long its word on a key counts without being asked again: a key that is revoked works that long
     * @param keepFor how long a key that it knew goes on working while it cannot be asked, counted from when it last said so
     * @param mostKeys how many keys are remembered: 10,000 take about 3 MB
     */
    record AuthService(
            @DefaultValue("") String url,
            @DefaultValue("") String id,
            @DefaultValue("1s") Duration connectTimeout,
            @DefaultValue("2s") Duration answerTimeout,
            @DefaultValue("60s") Duration freshFor,
            @DefaultValue("15m") Duration keepFor,
            @DefaultValue("10000") int mostKeys) {

        AuthService {
            if (connectTimeout.toMillis() < 1 || answerTimeout.compareTo(connectTimeout) < 0) {
                throw new IllegalArgumentException("registry.security.auth-service.answer-timeout is " + answerTimeout
                        + "; it must not be less than connect-timeout (" + connectTimeout + ")");
            }
            if (freshFor.isNegative() || keepFor.compareTo(freshFor) < 0) {
                throw new IllegalArgumentException("registry.security.auth-service.keep-for is " + keepFor
                        + "; it must not be less than fresh-for (" + freshFor + ")");
            }
            if (mostKeys < 1) {
                throw new IllegalArgumentException(
                        "registry.security.auth-service.most-keys is " + mostKeys + "; it must be at least 1");
            }
        }
    }

    /**
     * A token bucket for each key, on each instance.
     *
     * @param perSecond tokens that come back in a second, one a request; 0: no limit
     * @param burst how many a full bucket holds; 0: as many as come back in a second
     */
    record RateLimit(
            @DefaultValue("0") int perSecond,
            @DefaultValue("0") int burst) {

        RateLimit {
            if (perSecond < 0 || burst < 0) {
                throw new IllegalArgumentException("registry.security.rate-limit.per-second is " + perSecond
                        + " and burst " + burst + "; neither may be negative, 0 is no limit");
            }
            burst = burst == 0 ? perSecond : burst;
        }
    }
}
