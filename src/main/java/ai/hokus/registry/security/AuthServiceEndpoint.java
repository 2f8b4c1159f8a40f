package ai.hokus.registry.security;

import ai.hokus.registry.EnvironmentVariables;
import ai.hokus.registry.StartupRefusedException;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the auth service is asked, checked. */
record AuthServiceEndpoint(URI validate) {

    private static final Logger log = LoggerFactory.getLogger(AuthServiceEndpoint.class);

    private static final String PATH = "/api/v1/keys/validate";

    /**
     * @throws StartupRefusedException when URL or id are unusable
     */
    static AuthServiceEndpoint of(SecuritySettings.AuthService settings) {
        URI uri = parse(settings.url());
        if (uri == null
                || uri.getHost() == null
                || uri.getUserInfo() != null
                || uri.getQuery() != null
                || !("https".equalsIgnoreCase(uri.getScheme()) || "http".equalsIgnoreCase(uri.getScheme()))) {
            throw SecuritySettings.unusable(
                    "AUTH_SERVICE_URL must be an http or https URL with a host, for example https://auth.example.com.");
        }
        if (settings.id().isBlank()) {
            throw SecuritySettings.unusable(
                    "AUTH_SERVICE_ID must be set when AUTH_SERVICE_URL is: the name under which the auth service knows this"
                            + " service.");
        }
        if ("http".equalsIgnoreCase(uri.getScheme()) && !EnvironmentVariables.isLoopback(uri.getHost())) {
            log.warn("Keys cross the network in clear text to {}; use https in AUTH_SERVICE_URL.", uri.getHost());
        }
        return new AuthServiceEndpoint(URI.create(settings.url().strip().replaceFirst("/+$", "") + PATH));
    }

    private static @Nullable URI parse(String url) {
        try {
            return URI.create(url.strip());
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
