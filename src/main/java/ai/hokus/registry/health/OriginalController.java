package ai.hokus.registry.health;

import ai.hokus.registry.ServiceVersion;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.swagger.v3.oas.annotations.security.SecurityRequirements;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.Map;
import java.util.Optional;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.info.BuildProperties;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Two paths of the original that its dashboards read, without a key as there. Only in the compatibility mode. */
@RestController
@ConditionalOnBooleanProperty("registry.health.original-compatible")
@Tag(name = "Health")
class OriginalController {

    private static final String PROMETHEUS_TEXT = "text/plain;version=0.0.4;charset=utf-8";

    private static final String UNKNOWN = "unknown";

    private final Map<String, String> version;
    private final ObjectProvider<PrometheusMeterRegistry> metrics;

    OriginalController(
            ServiceVersion version,
            ObjectProvider<BuildProperties> build,
            ObjectProvider<PrometheusMeterRegistry> metrics) {
        this.metrics = metrics;
        this.version = Map.of(
                "version",
                version.value(),
                "build_date",
                Optional.ofNullable(build.getIfAvailable())
                        .map(BuildProperties::getTime)
                        .map(time -> time.toString().substring(0, "2026-11-23".length()))
                        .orElse(UNKNOWN),
                "git_commit",
                UNKNOWN, // as in the original
                "api_version",
                "v1");
    }

    /** The keys of the original. */
    @GetMapping("/version")
    @SecurityRequirements
    ResponseEntity<Map<String, String>> version() {
        return ResponseEntity.ok().cacheControl(CacheControl.noStore()).body(version);
    }

    /** The metrics of {@code /actuator/prometheus}, in the original's text format. 404 without a Prometheus registry. */
    @GetMapping("/metrics")
    @SecurityRequirements
    ResponseEntity<String> metrics() {
        PrometheusMeterRegistry registry = metrics.getIfAvailable();
        return registry == null
                ? ResponseEntity.notFound().build()
                : ResponseEntity.ok()
                        .cacheControl(CacheControl.noStore())
                        .contentType(MediaType.parseMediaType(PROMETHEUS_TEXT))
                        .body(registry.scrape(PROMETHEUS_TEXT));
    }
}
