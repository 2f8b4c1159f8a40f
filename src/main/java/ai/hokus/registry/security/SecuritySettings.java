package ai.hokus.registry.security;

import ai.hokus.registry.SettingRange;
import ai.hokus.registry.StartupRefusedException;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of this package.
 *
 * @param keyFile path of the key file, see {@link KeyFile}; empty: there is none. {@code API_KEYS_FILE}
 * @param authService the auth service, which knows further keys
 * @param rateLimit how many requests one key may send
 * @param requestBodyTimeout how long a client may take to send a body. 1 MB within it needs 100 KB/s, which any client has; an
 *     honest body of 2 KB needs one packet
 * @param maxHeaders how many headers a request may have. Browsers behind two proxies send about 30
 */
@ConfigurationProperties("registry.security")
record SecuritySettings(
        @DefaultValue("") String keyFile,
        @DefaultValue AuthService authService,
        @DefaultValue RateLimit rateLimit,
        @DefaultValue("10s") Duration requestBodyTimeout,
        @DefaultValue("100") int maxHeaders) {

    SecuritySettings {
        SettingRange.between(
                "registry.security.request-body-timeout",
                requestBodyTimeout,
                Duration.ofMillis(100),
                Duration.ofMinutes(5),
                "10s");
        SettingRange.between("registry.security.max-headers", maxHeaders, 10, 1_000, "100");
    }

    /** What stops start-up when nothing usable says where keys come from. Holds no key. */
    static StartupRefusedException unusable(String sentence) {
        return new StartupRefusedException(
                sentence,
                "API_KEYS_FILE names a file with one line per key (the key's SHA-256, a user id, scopes);"
                        + " AUTH_SERVICE_URL and AUTH_SERVICE_ID name an auth service that knows the keys. Set one, or both.");
    }

    /**
     * The auth service.
     *
     * @param url its base URL, without a path of its own; empty: there is none. {@code AUTH_SERVICE_URL}
     * @param id this service's id at the auth service. {@code AUTH_SERVICE_ID}
     * @param connectTimeout until it is connected
     * @param timeout until its whole answer has arrived, connecting included. A request with a key that was never verified
     *     before waits this long at most
     * @param cacheTtl how long an accepted key is used without asking again. A revoked key works for this long and for one
     *     request more
     * @param staleTtl how long an accepted key is used at most when the auth service gives no answer, counted from its last
     *     answer
     * @param cacheSize how many keys are remembered: 10,000 take about 3 MB
     */
    record AuthService(
            @DefaultValue("") String url,
            @DefaultValue("") String id,
            @DefaultValue("1s") Duration connectTimeout,
            @DefaultValue("2s") Duration timeout,
            @DefaultValue("60s") Duration cacheTtl,
            @DefaultValue("15m") Duration staleTtl,
            @DefaultValue("10000") int cacheSize) {

        AuthService {
            if (connectTimeout.toMillis() < 1 || timeout.compareTo(connectTimeout) < 0) {
                throw new IllegalArgumentException("registry.security.auth-service.timeout is " + timeout
                        + "; it must not be less than connect-timeout (" + connectTimeout
                        + "), which must be at least 1ms");
            }
            if (cacheTtl.isNegative() || staleTtl.compareTo(cacheTtl) < 0) {
                throw new IllegalArgumentException("registry.security.auth-service.stale-ttl is " + staleTtl
                        + "; it must not be less than cache-ttl (" + cacheTtl + ")");
            }
            SettingRange.atLeast("registry.security.auth-service.cache-size", cacheSize, 1, "10000");
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
            SettingRange.atLeast("registry.security.rate-limit.per-second", perSecond, 0, "0, which is no limit");
            SettingRange.atLeast("registry.security.rate-limit.burst", burst, 0, "0, which is as many as come back");
            burst = burst == 0 ? perSecond : burst;
        }
    }
}
