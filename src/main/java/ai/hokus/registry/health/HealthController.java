package ai.hokus.registry.health;

import ai.hokus.registry.ServiceVersion;
import ai.hokus.registry.consumers.ConsumerCache;
import ai.hokus.registry.consumers.ConsumerStatus;
import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.RelayMode;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import ai.hokus.registry.security.AuthServiceStatus;
import ai.hokus.registry.status.PartitionView;
import ai.hokus.registry.status.RedisState;
import ai.hokus.registry.status.ServiceStatus;
import ai.hokus.registry.status.StatusCache;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.security.SecurityRequirements;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Health for the load balancer, deployments and the original's dashboards. Judges the status cache, and shows the consumers'
 * cache; does no I/O.
 */
@RestController
@Tag(name = "Health")
record HealthController(StatusCache cache, ConsumerCache consumers, HealthSettings settings, ServiceVersion version) {

    private static final Set<RelayState> NOT_DELIVERING =
            Set.of(RelayState.QUEUE_FULL, RelayState.FAILING, RelayState.NOT_RELAYING);

    /** For people and the original's dashboards: 503 when unhealthy, else 200; always 200 in the compatibility mode. */
    @GetMapping("/health")
    ResponseEntity<Health> health(@RequestParam(defaultValue = "false") boolean detailed) {
        ServiceStatus status = cache.current();
        ConsumerStatus consumed = consumers.current();
        Health health = new Health(
                verdict(status),
                version.value(),
                services(status, consumed, detailed),
                status.now(),
                detailed ? Details.of(status, consumed) : null);
        boolean ok = status.databaseUsable() || settings.originalCompatible();
        return answer(ok ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE, health);
    }

    /** The database failing: unhealthy, nothing can be accepted. Anything else that keeps events waiting: degraded. */
    private static String verdict(ServiceStatus status) {
        if (!status.databaseUsable()) {
            return "unhealthy";
        }
        return status.findings().isEmpty() ? "healthy" : "degraded";
    }

    /** For the load balancer and ECS: 200 while the process serves. */
    @GetMapping({"/health/alb", "/live"})
    @SecurityRequirements
    ResponseEntity<Map<String, String>> live() {
        return answer(HttpStatus.OK, Map.of("status", "alive"));
    }

    /** For deployments: 200 while registrations can be accepted, 503 otherwise. */
    @GetMapping("/ready")
    @SecurityRequirements
    ResponseEntity<Map<String, String>> ready() {
        boolean ready = cache.current().databaseUsable();
        return answer(
                ready ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE,
                Map.of("status", ready ? "ready" : "not ready"));
    }

    private static <T> ResponseEntity<T> answer(HttpStatus status, T body) {
        return ResponseEntity.status(status)
                .cacheControl(CacheControl.noStore())
                .body(body);
    }

    /** The auth service only where there is one, and in detail: the original's dashboards know the other four. */
    private static Map<String, Object> services(ServiceStatus status, ConsumerStatus consumed, boolean detailed) {
        Map<String, Object> services = new LinkedHashMap<>();
        services.put("api", "healthy");
        services.put("database", status.databaseUsable() ? "healthy" : "unhealthy");
        services.put("redis", redis(status.redis()));
        services.put("message_queue", messageQueue(status));
        AuthServiceStatus authService = status.authService();
        if (detailed && authService != null) {
            services.put("auth_service", authService(authService.state()));
        }
        if (detailed) {
            services.put("message_queue_details", Map.of("queue_depths", queueDepths(consumed)));
        }
        return services;
    }

    /** Where the original's dashboards look for them; null: not known. */
    private static Map<String, @Nullable Long> queueDepths(ConsumerStatus consumed) {
        Map<String, @Nullable Long> depths = new LinkedHashMap<>();
        depths.put("main", consumed.depth());
        depths.put("processing", consumed.processing().depth());
        depths.put("dlq", consumed.dlq().depth());
        return depths;
    }

    private static String authService(AuthServiceStatus.State state) {
        return switch (state) {
            case ANSWERING -> "healthy";
            case FAILING -> "unhealthy";
            case UNKNOWN -> "unknown";
        };
    }

    private static String redis(RedisState redis) {
        return switch (redis) {
            case REACHABLE -> "healthy";
            case UNREACHABLE -> "unhealthy";
            case NOT_CONFIGURED -> "not_configured";
            case UNKNOWN -> "unknown";
        };
    }

    /** Healthy: as far as this instance knows, what is registered reaches the queue. */
    private static String messageQueue(ServiceStatus status) {
        if (status.redis() != RedisState.REACHABLE) {
            return redis(status.redis());
        }
        boolean delivers = !status.overdue()
                && status.relays().stream().map(RelayStatus::state).noneMatch(NOT_DELIVERING::contains)
                && status.partitions().stream().allMatch(view -> view.outbox().running() && !view.stalled());
        return delivers ? "healthy" : "degraded";
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Health(
            String status,
            String version,
            Map<String, Object> services,
            Instant timestamp,
            @Nullable Details details) {}

    /** What consumers have not finished. The service's health does not depend on it. */
    record Consumers(
            @Nullable Instant sampledAt,
            @Nullable String unavailableReason,
            @Nullable Instant processingOldestSeenAt,
            long stuck) {

        static Consumers of(ConsumerStatus consumed) {
            return new Consumers(
                    consumed.sampledAt(),
                    consumed.unavailableReason(),
                    consumed.processing().oldestSeenAt(),
                    consumed.processing().stuck());
        }
    }

    /** {@code backlog} is exact up to 100,000. A sample that is too old is a finding itself. */
    record Details(
            List<String> findings,
            RelayMode relay,
            BreakerState breaker,
            long backlog,
            boolean backlogIsEstimate,
            long oldestPendingAgeMs,
            long parked,
            @Nullable String lastError,
            @Nullable Instant lastErrorAt,
            @Nullable Instant sampledAt,
            boolean stale,
            Consumers consumers,
            List<PartitionView> partitions,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            AuthServiceStatus authService) {

        static Details of(ServiceStatus status, ConsumerStatus consumed) {
            return new Details(
                    status.findings(),
                    status.relayMode(),
                    status.breaker(),
                    status.pending(),
                    status.pendingIsEstimate(),
                    status.oldestPendingAgeMs(),
                    status.parked(),
                    status.lastError(),
                    status.lastErrorAt(),
                    status.sampledAt(),
                    status.stale(),
                    Consumers.of(consumed),
                    status.partitions(),
                    status.authService());
        }
    }
}
