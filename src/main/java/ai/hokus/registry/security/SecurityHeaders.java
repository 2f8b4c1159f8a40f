package ai.hokus.registry.security;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer;
import org.springframework.security.web.header.HeaderWriter;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.security.web.header.writers.StaticHeadersWriter;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;

/**
 * What every answer tells a browser: nosniff, no frame, no referrer, no-store, and a Content-Security-Policy by path. Scripts
 * and styles come from this service's own files; nothing inline, nothing from elsewhere. HSTS is sent over TLS only.
 */
final class SecurityHeaders {

    private static final String CSP = "Content-Security-Policy";

    /** For answers that are data: they load nothing at all, should a browser ever show one as a page. */
    private static final String DATA = policy("");

    private static final String CONSOLE = policy(" script-src 'self'; style-src 'self'; img-src 'self' data:;"
            + " font-src 'self'; connect-src 'self'; manifest-src 'self';");

    /** Swagger UI writes style attributes, and draws its icons from data URLs. */
    private static final String SWAGGER = policy(" script-src 'self'; style-src 'self' 'unsafe-inline';"
            + " img-src 'self' data:; font-src 'self' data:; connect-src 'self';");

    private static final Map<PathPatternRequestMatcher, String> PAGES = Map.of(
            PathPatternRequestMatcher.pathPattern("/console/**"), CONSOLE,
            PathPatternRequestMatcher.pathPattern("/swagger-ui/**"), SWAGGER);

    private SecurityHeaders() {}

    /** Cache-Control: no-store, X-Content-Type-Options and Strict-Transport-Security are Spring Security's defaults. */
    static void configure(HeadersConfigurer<HttpSecurity> headers) {
        HeaderWriter policy = (request, response) -> {
            if (!response.containsHeader(CSP)) {
                response.setHeader(CSP, policyFor(request));
            }
        };
        headers.frameOptions(HeadersConfigurer.FrameOptionsConfig::deny)
                .referrerPolicy(referrer -> referrer.policy(ReferrerPolicy.NO_REFERRER))
                .addHeaderWriter(policy)
                .addHeaderWriter(new StaticHeadersWriter("Cross-Origin-Resource-Policy", "same-origin"))
                .addHeaderWriter(new StaticHeadersWriter("Cross-Origin-Opener-Policy", "same-origin"))
                .addHeaderWriter(new StaticHeadersWriter(
                        "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"));
    }

    private static String policy(String allowed) {
        return "default-src 'none';" + allowed + " frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    }

    private static String policyFor(HttpServletRequest request) {
        return PAGES.entrySet().stream()
                .filter(page -> page.getKey().matches(request))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(DATA);
    }
}
