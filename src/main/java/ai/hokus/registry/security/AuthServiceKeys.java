package ai.hokus.registry.security;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Keys that an auth service knows. The exchange is the one that the service's other clients use:
 *
 * <pre>
 * POST {url}/api/v1/keys/validate      Authorization: Bearer KEY      {"service_id": ID}
 * 200 {"user_id": "...", "scopes": ["...", ...], ...}     it knows the key
 * 401, 403                                                it does not, or not for this service
 * </pre>
 *
 * <p>A verification, in order:
 *
 * <ol>
 *   <li>what it said less than {@code cacheTtl} ago counts;
 *   <li>else it is asked, by one request at a time for each key, if the circuit breaker allows it: it opens when half of the
 *       last calls failed, and tries again after {@link #OPEN_FOR};
 *   <li>if it cannot be asked, a key that it knew less than {@code staleTtl} ago goes on working.
 * </ol>
 *
 * <p>Memory holds keys as hashes only.
 */
final class AuthServiceKeys implements KeyVerifier {

    private static final Logger log = LoggerFactory.getLogger(AuthServiceKeys.class);

    static final Duration OPEN_FOR = Duration.ofSeconds(5);

    /** Short: a key that was just made must work soon. Long enough that a client with an old key does not flood the service. */
    static final Duration UNKNOWN_FOR = Duration.ofSeconds(10);

    /** Different keys that are asked about at the same time; more find it unavailable instead of piling up. */
    private static final int MOST_CALLS = 32;

    private static final Set<Integer> NOT_KNOWN = Set.of(401, 403);

    private static final JsonMapper JSON = JsonMapper.shared();

    private final URI validate;
    private final byte[] question;
    private final SecuritySettings.AuthService settings;
    private final LongSupplier nanoTime;
    private final HttpClient http;
    private final CircuitBreaker breaker;
    private final Cache<String, Seen> known;
    private final Cache<String, Boolean> unknown;
    private final ConcurrentMap<String, CompletableFuture<Verdict>> asking = new ConcurrentHashMap<>();
    private final Semaphore calls = new Semaphore(MOST_CALLS);

    /**
     * @throws UnusableKeySettingsException when URL or id are unusable
     */
    AuthServiceKeys(SecuritySettings.AuthService settings, LongSupplier nanoTime) {
        this.settings = settings;
        this.nanoTime = nanoTime;
        this.validate = validateUri(settings);
        this.question =
                JSON.writeValueAsString(Map.of("service_id", settings.id())).getBytes(StandardCharsets.UTF_8);
        this.http = HttpClient.newBuilder()
                .connectTimeout(settings.connectTimeout())
                .followRedirects(HttpClient.Redirect.NEVER) // a key goes nowhere else
                .version(HttpClient.Version.HTTP_1_1)
                .build();
        this.breaker = CircuitBreaker.of(
                "auth-service",
                CircuitBreakerConfig.custom()
                        .slidingWindowSize(10)
                        .minimumNumberOfCalls(5)
                        .failureRateThreshold(50)
                        .permittedNumberOfCallsInHalfOpenState(1)
                        .waitDurationInOpenState(OPEN_FOR)
                        .build());
        breaker.getEventPublisher()
                .onStateTransition(event -> log.warn(
                        "The auth service's circuit breaker: {}. While it is open, keys that were seen valid go on working"
                                + " for {}, other keys are answered with 503.",
                        event.getStateTransition(),
                        settings.staleTtl()));
        this.known = Caffeine.newBuilder()
                .maximumSize(settings.cacheSize())
                .expireAfterWrite(settings.staleTtl())
                .ticker(nanoTime::getAsLong)
                .build();
        this.unknown = Caffeine.newBuilder()
                .maximumSize(settings.cacheSize())
                .expireAfterWrite(UNKNOWN_FOR)
                .ticker(nanoTime::getAsLong)
                .build();
    }

    @Override
    public Verdict verify(ApiKey key) {
        Seen seen = known.getIfPresent(key.sha256());
        if (seen != null
                && nanoTime.getAsLong() - seen.at() < settings.cacheTtl().toNanos()) {
            return new Verdict.Known(seen.client());
        }
        if (unknown.getIfPresent(key.sha256()) != null) {
            return new Verdict.Unknown();
        }
        Verdict verdict = askOnce(key);
        if (verdict instanceof Verdict.Unavailable && seen != null) {
            return new Verdict.Known(seen.client());
        }
        return verdict;
    }

    /** Whoever comes while the same key is being asked about waits for that answer. */
    private Verdict askOnce(ApiKey key) {
        CompletableFuture<Verdict> mine = new CompletableFuture<>();
        CompletableFuture<Verdict> other = asking.putIfAbsent(key.sha256(), mine);
        if (other != null) {
            return other.join();
        }
        Verdict verdict = new Verdict.Unavailable();
        try {
            verdict = askIfAllowed(key);
            remember(key, verdict);
        } finally {
            asking.remove(key.sha256());
            mine.complete(verdict);
        }
        return verdict;
    }

    private Verdict askIfAllowed(ApiKey key) {
        if (!calls.tryAcquire()) {
            return new Verdict.Unavailable();
        }
        try {
            return breaker.tryAcquirePermission() ? ask(key) : new Verdict.Unavailable();
        } finally {
            calls.release();
        }
    }

    private Verdict ask(ApiKey key) {
        long start = nanoTime.getAsLong();
        CompletableFuture<HttpResponse<byte[]>> call =
                http.sendAsync(request(key), HttpResponse.BodyHandlers.ofByteArray());
        try {
            Verdict verdict = judge(call.get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS));
            breaker.onSuccess(nanoTime.getAsLong() - start, TimeUnit.NANOSECONDS);
            return verdict;
        } catch (ExecutionException | TimeoutException | IOException e) {
            call.cancel(true);
            breaker.onError(nanoTime.getAsLong() - start, TimeUnit.NANOSECONDS, e);
            log.debug("The auth service could not be asked: {}", e.toString());
            return new Verdict.Unavailable();
        } catch (InterruptedException e) {
            call.cancel(true);
            breaker.releasePermission();
            Thread.currentThread().interrupt();
            return new Verdict.Unavailable();
        }
    }

    private HttpRequest request(ApiKey key) {
        return HttpRequest.newBuilder(validate)
                .timeout(settings.timeout())
                .header(HttpHeaders.AUTHORIZATION, "Bearer " + key.text())
                .header(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON_VALUE)
                .POST(HttpRequest.BodyPublishers.ofByteArray(question))
                .build();
    }

    /**
     * What it says about a request of ours (400, 404 ...) is no failure that the breaker counts: a client with a strange key
     * must not be able to open it.
     *
     * @throws IOException when it fails, or answers what nobody understands
     */
    private Verdict judge(HttpResponse<byte[]> answer) throws IOException {
        int status = answer.statusCode();
        if (status == 200) {
            return judge(answer.body());
        }
        if (NOT_KNOWN.contains(status)) {
            return new Verdict.Unknown();
        }
        if (status >= 500) {
            throw new IOException("it answered " + status);
        }
        log.error(
                "The auth service answered {} to POST {}; are AUTH_SERVICE_URL and AUTH_SERVICE_ID right?",
                status,
                validate);
        return new Verdict.Unavailable();
    }

    private static Verdict judge(byte[] body) throws IOException {
        JsonNode answer;
        try {
            answer = JSON.readTree(body);
        } catch (JacksonException e) {
            // Not as a cause: its message quotes what the service answered.
            throw new IOException("it answered 200 with something that is not JSON");
        }
        if (answer.path("is_valid").isBoolean() && !answer.path("is_valid").booleanValue()) {
            return new Verdict.Unknown();
        }
        JsonNode userId = answer.path("user_id");
        if (!userId.isString() || userId.stringValue().isBlank()) {
            throw new IOException("it answered 200 without a user_id");
        }
        Set<String> scopes = new HashSet<>();
        answer.path("scopes").forEach(scope -> {
            if (scope.isString()) {
                scopes.add(scope.stringValue());
            }
        });
        return new Verdict.Known(new ApiClient(userId.stringValue(), scopes));
    }

    private void remember(ApiKey key, Verdict verdict) {
        if (verdict instanceof Verdict.Known found) {
            known.put(key.sha256(), new Seen(found.client(), nanoTime.getAsLong()));
        } else if (verdict instanceof Verdict.Unknown) {
            known.invalidate(key.sha256());
            unknown.put(key.sha256(), true);
        }
    }

    private static URI validateUri(SecuritySettings.AuthService settings) {
        URI uri = parse(settings.url());
        if (uri == null
                || uri.getHost() == null
                || uri.getUserInfo() != null
                || uri.getQuery() != null
                || !("https".equalsIgnoreCase(uri.getScheme()) || "http".equalsIgnoreCase(uri.getScheme()))) {
            throw new UnusableKeySettingsException(
                    "AUTH_SERVICE_URL must be an http or https URL with a host, for example https://auth.example.com.");
        }
        if (settings.id().isBlank()) {
            throw new UnusableKeySettingsException(
                    "AUTH_SERVICE_ID must be set when AUTH_SERVICE_URL is: the name under which the auth service knows this"
                            + " service.");
        }
        if ("http".equalsIgnoreCase(uri.getScheme()) && !isLoopback(uri.getHost())) {
            log.warn("Keys cross the network in clear text to {}; use https in AUTH_SERVICE_URL.", uri.getHost());
        }
        return URI.create(settings.url().strip().replaceFirst("/+$", "") + "/api/v1/keys/validate");
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
    }

    private static @Nullable URI parse(String url) {
        try {
            return URI.create(url.strip());
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** A key that it knew, and when it last said so. */
    private record Seen(ApiClient client, long at) {}
}
