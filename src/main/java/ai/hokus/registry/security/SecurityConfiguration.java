package ai.hokus.registry.security;

import ai.hokus.registry.StartupRefusedException;
import io.github.bucket4j.TimeMeter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.coyote.AbstractProtocol;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.firewall.StrictHttpFirewall;

@Configuration(proxyBeanMethods = false)
class SecurityConfiguration {

    /** The URL of the embedded database, which this service does not share with others. */
    private static final Pattern EMBEDDED = Pattern.compile("(?i)jdbc:h2:(?!tcp:|ssl:).*");

    /** Turns off Spring Security's meters for every filter, which nobody reads. */
    @Bean
    SecurityObservationSettings securityObservationSettings() {
        return SecurityObservationSettings.noObservations();
    }

    /** One filter chain for all paths. What the rules do not allow is denied. */
    @Bean
    SecurityFilterChain securityFilterChain(
            HttpSecurity http, KeyVerifier verifier, SecuritySettings settings, SecurityProblems problems) {
        RateLimiter limit = new RateLimiter(settings.rateLimit(), TimeMeter.SYSTEM_NANOTIME);
        return http
                // No cookie and no session says who is asking, only a header that a foreign page cannot make a
                // browser send: there is nothing to forge. CORS stays off for the same reason.
                .csrf(AbstractHttpConfigurer::disable)
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .requestCache(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .headers(SecurityHeaders::configure)
                .exceptionHandling(
                        refused -> refused.authenticationEntryPoint(problems).accessDeniedHandler(problems))
                .authorizeHttpRequests(requests -> requests.anyRequest()
                        .access((caller, context) -> new AuthorizationDecision(AccessRules.of(context.getRequest())
                                .filter(permission -> permission.isGrantedTo(caller.get()))
                                .isPresent())))
                .addFilterBefore(new ApiKeyFilter(verifier, limit), AnonymousAuthenticationFilter.class)
                .build();
    }

    /** As strict as its defaults, except for the percent sign: model names may contain it. */
    @Bean
    StrictHttpFirewall httpFirewall() {
        StrictHttpFirewall firewall = new StrictHttpFirewall();
        firewall.setAllowUrlEncodedPercent(true);
        return firewall;
    }

    /** Limits that the web server itself enforces, and its answers to what exceeds them. */
    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> tomcatLimits(SecuritySettings settings) {
        return tomcat -> {
            tomcat.addConnectorCustomizers(connector -> {
                if (connector.getProtocolHandler() instanceof AbstractProtocol<?> protocol) {
                    protocol.setMaxHeaderCount(settings.maxHeaders());
                }
            });
            tomcat.addContextValves(new RequestBodyTimeoutValve(settings.requestBodyTimeout()));
            // The last valve reports first: before the one that Spring Boot adds, which answers with a page of HTML.
            tomcat.addContextCustomizers(context ->
                    context.getParent().getPipeline().addValve(new ProblemErrorReportValve(settings.maxHeaders())));
        };
    }

    @Bean
    AuthServiceWatch authServiceWatch(
            SecuritySettings settings,
            Clock clock,
            @Qualifier("steadyClock") Clock steadyClock,
            MeterRegistry registry) {
        return new AuthServiceWatch(!settings.authService().url().isBlank(), clock, steadyClock, registry);
    }

    /** @throws StartupRefusedException without keys, unless the database is the embedded one; or with unusable settings */
    @Bean
    KeyVerifier keyVerifier(
            SecuritySettings settings,
            Environment environment,
            Clock clock,
            @Qualifier("steadyClock") Clock steadyClock,
            AuthServiceWatch watch) {
        List<KeyVerifier> verifiers = new ArrayList<>();
        if (!settings.keyFile().isBlank()) {
            verifiers.add(new KeyFile(settings.keyFile(), System::nanoTime));
        }
        if (!settings.authService().url().isBlank()) {
            int threads = environment.getRequiredProperty("server.tomcat.threads.max", Integer.class);
            verifiers.add(new AuthServiceKeys(
                    new AuthServiceClient(settings.authService(), watch, clock, steadyClock),
                    settings.authService(),
                    watch,
                    Math.max(1, threads / 2), // the other half is for health and for registrations
                    steadyClock));
        }
        if (!verifiers.isEmpty()) {
            return KeyVerifier.of(verifiers);
        }
        if (!EMBEDDED.matcher(environment.getProperty("spring.datasource.url", ""))
                .matches()) {
            throw SecuritySettings.unusable(
                    "No API keys are configured, and the database is not the embedded one: without API_KEYS_FILE or"
                            + " AUTH_SERVICE_URL nobody could use this service.");
        }
        return new GeneratedKey();
    }
}
