package ai.hokus.registry.security;

import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer;
import org.springframework.security.web.header.HeaderWriter;
import org.springframework.security.web.header.writers.ContentSecurityPolicyHeaderWriter;
import org.springframework.security.web.header.writers.DelegatingRequestMatcherHeaderWriter;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.security.web.header.writers.StaticHeadersWriter;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;

/** The security headers of every answer. Scripts and styles come from this service's own files; nothing inline. */
final class SecurityHeaders {

    /** For answers that are data: they load nothing at all, should a browser ever show one as a page. */
    private static final String DATA = policy("");

    private static final String CONSOLE = policy(" script-src 'self'; style-src 'self'; img-src 'self' data:;"
            + " font-src 'self'; connect-src 'self'; manifest-src 'self';");

    /** Swagger UI writes style attributes, and draws its icons from data URLs. */
    private static final String SWAGGER = policy(" script-src 'self'; style-src 'self' 'unsafe-inline';"
            + " img-src 'self' data:; font-src 'self' data:; connect-src 'self';");

    private SecurityHeaders() {}

    /** The others are Spring Security's defaults. The first Content-Security-Policy that is written wins. */
    static void configure(HeadersConfigurer<HttpSecurity> headers) {
        headers.frameOptions(HeadersConfigurer.FrameOptionsConfig::deny)
                .referrerPolicy(referrer -> referrer.policy(ReferrerPolicy.NO_REFERRER))
                .addHeaderWriter(only("/console/**", CONSOLE))
                .addHeaderWriter(only("/swagger-ui/**", SWAGGER))
                .addHeaderWriter(new ContentSecurityPolicyHeaderWriter(DATA))
                .addHeaderWriter(new StaticHeadersWriter("Cross-Origin-Resource-Policy", "same-origin"))
                .addHeaderWriter(new StaticHeadersWriter("Cross-Origin-Opener-Policy", "same-origin"))
                .addHeaderWriter(new StaticHeadersWriter(
                        "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"));
    }

    private static String policy(String allowed) {
        return "default-src 'none';" + allowed + " frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    }

    private static HeaderWriter only(String path, String policy) {
        return new DelegatingRequestMatcherHeaderWriter(
                PathPatternRequestMatcher.pathPattern(path), new ContentSecurityPolicyHeaderWriter(policy));
    }
}
