package ai.hokus.registry.security;

import ai.hokus.registry.EnvironmentVariables;
import ai.hokus.registry.SettingRange;
import ai.hokus.registry.StartupRefusedException;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of this package.
 *
 * @param keyFile Path of the key file; SECURITY.md has its format. Empty: there is none. {@code API_KEYS_FILE} sets it. A
 *     change counts once it is older than a second, or two requests, a second apart, have read it.
 * @param authService the auth service, which knows further keys
 * @param rateLimit how many requests one key may send
 * @param requestBodyTimeout How long a client may take to send a body. For 1 MB that is 100 KB/s, which any client can do; a
 *     usual body of 2 KB needs one packet.
 * @param maxHeaders Maximum number of headers of a request. Browsers behind two proxies send about 30.
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

    /** Stops start-up when no usable source of keys is configured. Holds no key. */
    static StartupRefusedException unusable(String sentence) {
        return new StartupRefusedException(
                sentence,
                "API_KEYS_FILE names a file with one line per key (the key's SHA-256, a user id, scopes);"
                        + " AUTH_SERVICE_URL and AUTH_SERVICE_ID name an auth service that knows the keys. Set one, or both.");
    }

    /**
     * The auth service.
     *
     * @param url Base URL of the auth service, without a path. Empty: there is none. {@code AUTH_SERVICE_URL} sets it.
     * @param id This service's id at the auth service. {@code AUTH_SERVICE_ID} sets it.
     * @param connectTimeout Maximum time until a connection is open.
     * @param timeout Maximum time until the whole answer has arrived, including the connection. A request with a key that was
     *     never verified before waits for this long at most.
     * @param cacheTtl How long an accepted key is used without asking again. A revoked key works for this long and for one
     *     request more.
     * @param staleTtl How long an accepted key is used if the auth service gives no answer, counted from its last answer.
     * @param cacheSize Maximum number of keys that are remembered. 10,000 take about 3 MB.
     */
    record AuthService(
            @DefaultValue("") String url,
            @DefaultValue("platform") String id,
            @DefaultValue("1s") Duration connectTimeout,
            @DefaultValue("2s") Duration timeout,
            @DefaultValue("60s") Duration cacheTtl,
            @DefaultValue("15m") Duration staleTtl,
            @DefaultValue("10000") int cacheSize) {

        private static final Logger log = LoggerFactory.getLogger(AuthService.class);

        private static final String VALIDATE = "/api/v1/keys/validate";

        AuthService {
            String name = "registry.security.auth-service.";
            SettingRange.atLeast(name + "connect-timeout", connectTimeout, Duration.ofMillis(1), "1s");
            SettingRange.atLeast(name + "timeout", timeout, name + "connect-timeout", connectTimeout);
            SettingRange.atLeast(name + "cache-ttl", cacheTtl, Duration.ZERO, "60s");
            SettingRange.atLeast(name + "stale-ttl", staleTtl, name + "cache-ttl", cacheTtl);
            SettingRange.atLeast(name + "cache-size", cacheSize, 1, "10000");
        }

        /**
         * Where keys are validated. Warns if they would cross a network in clear text.
         *
         * @throws StartupRefusedException when URL or id are unusable
         */
        URI validateUrl() {
            URI uri;
            try {
                uri = new URI(url.strip().replaceFirst("/+$", "") + VALIDATE);
            } catch (URISyntaxException e) {
                uri = URI.create(VALIDATE); // without a host
            }
            String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
            if (uri.getHost() == null
                    || uri.getUserInfo() != null
                    || uri.getQuery() != null
                    || !Set.of("http", "https").contains(scheme)) {
                throw unusable(
                        "AUTH_SERVICE_URL must be an http or https URL with a host, for example https://auth.example.com.");
            }
            if (id.isBlank()) {
                throw unusable(
                        "AUTH_SERVICE_ID must be set when AUTH_SERVICE_URL is: the name under which the auth service"
                                + " knows this service.");
            }
            if (scheme.equals("http") && !EnvironmentVariables.isLoopback(uri.getHost())) {
                log.warn("Keys cross the network in clear text to {}; use https in AUTH_SERVICE_URL.", uri.getHost());
            }
            return uri;
        }
    }

    /**
     * A token bucket for each key, on each instance.
     *
     * @param perSecond How many requests a second each key may send to each instance on average. 0: no limit.
     * @param burst How many requests a key may send at once. 0: as many as in a second.
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
