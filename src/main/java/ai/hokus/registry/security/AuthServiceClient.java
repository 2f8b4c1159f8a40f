package ai.hokus.registry.security;

import ai.hokus.registry.SettingRange;
import ai.hokus.registry.StartupRefusedException;
import ai.hokus.registry.security.AuthServiceWatch.Trouble;
import ai.hokus.registry.security.KeyVerifier.Verdict;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.StateTransition;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import tools.jackson.databind.json.JsonMapper;

/**
 * Asks the auth service. The exchange is the one that the service's other clients use:
 *
 * <pre>
 * POST {url}/api/v1/keys/validate      Authorization: Bearer KEY      {"service_id": ID, "client_ip": ADDRESS}
 * 200 {"user_id": ..., "scopes": [...], "has_sufficient_balance": true, ...}     it knows the key, see {@link AuthServiceResponse}
 * 401, 403                                                                       it does not, or not for this service or address
 * 402                                                                            the account cannot pay
 * 429, Retry-After                                                               it receives too many requests
 * </pre>
 *
 * <p>Never blocks. The service is left alone by four limits: at most {@link #MAX_QUESTIONS} at the same time; a circuit
 * breaker, which opens when half of the last calls failed and lets one try after {@link #OPEN_FOR}; {@code Retry-After}, see
 * {@link AuthServiceBackoff}; and the caller's cache. Only a timeout, a broken connection or a 5xx opens the breaker. An answer
 * about one key (400, 404, an unreadable body) does not, although the metric counts it: a client with a strange key must not be
 * able to open the breaker. Thread-safe.
 */
final class AuthServiceClient {

    private static final Logger log = LoggerFactory.getLogger(AuthServiceClient.class);

    static final Duration OPEN_FOR = Duration.ofSeconds(5);

    /** When to retry after one failure, while the breaker is still closed. */
    private static final Duration RETRY_FAILED = Duration.ofSeconds(1);

    /** For an answer that says nothing about the key. */
    private static final Verdict NOT_UNDERSTOOD = new Verdict.Unavailable(AuthServiceKeys.REFUSAL_TTL);

    /** Maximum number of concurrent questions; requests that need one more are told to retry. */
    private static final int MAX_QUESTIONS = 32;

    /** Longer answers are cut off; no auth service sends them. */
    private static final int MAX_RESPONSE_BYTES = 64 << 10;

    private static final JsonMapper JSON = JsonMapper.shared();

    private final URI validateUrl;
    private final SecuritySettings.AuthService settings;
    private final AuthServiceWatch watch;
    private final Clock clock;
    private final Clock steadyClock;
    private final HttpClient http;
    private final Bulkhead questions;
    private final CircuitBreaker breaker;
    private final AuthServiceBackoff backoff;

    /**
     * @param clock for a {@code Retry-After} that is a date
     * @param steadyClock for waits
     * @throws StartupRefusedException when URL or id are unusable
     */
    AuthServiceClient(SecuritySettings.AuthService settings, AuthServiceWatch watch, Clock clock, Clock steadyClock) {
        this.validateUrl = settings.validateUrl();
        this.settings = settings;
        this.watch = watch;
        this.clock = clock;
        this.steadyClock = steadyClock;
        this.http = HttpClient.newBuilder()
                .connectTimeout(settings.connectTimeout())
                .followRedirects(HttpClient.Redirect.NEVER) // keys are sent to no other URL
                .version(HttpClient.Version.HTTP_1_1)
                .build();
        this.questions = Bulkhead.of(
                "questions to the auth service",
                BulkheadConfig.custom()
                        .maxConcurrentCalls(MAX_QUESTIONS)
                        .writableStackTraceEnabled(false)
                        .build());
        this.breaker = CircuitBreaker.of(
                "auth-service",
                CircuitBreakerConfig.custom()
                        .slidingWindowSize(10)
                        .minimumNumberOfCalls(5)
                        .failureRateThreshold(50)
                        .permittedNumberOfCallsInHalfOpenState(1)
                        .waitDurationInOpenState(OPEN_FOR)
                        .recordResult(response -> ((AuthServiceResponse) response).isFailure())
                        .writableStackTraceEnabled(false)
                        .clock(steadyClock)
                        .build());
        breaker.getEventPublisher().onStateTransition(event -> logTransition(event.getStateTransition()));
        this.backoff = new AuthServiceBackoff(steadyClock);
    }

    /** @param asked whether the service was asked about this key: only then is the verdict worth remembering */
    record Answer(Verdict verdict, boolean asked) {}

    /** Completes within {@code timeout}, and never exceptionally. An empty address is not known, and not sent. */
    CompletableFuture<Answer> ask(ApiKey key, String clientAddress) {
        Optional<Verdict> pause = backoff.verdictWhilePausing();
        if (pause.isPresent()) {
            return CompletableFuture.completedFuture(new Answer(pause.get(), false));
        }
        HttpRequest question = question(key, clientAddress);
        return questions
                .executeCompletionStage(() -> breaker.executeCompletionStage(() -> exchange(question)))
                .thenApply(response -> new Answer(judge(response), true))
                .exceptionally(this::unanswered)
                .toCompletableFuture();
    }

    private HttpRequest question(ApiKey key, String clientAddress) {
        Map<String, String> body = new LinkedHashMap<>();
        body.put("service_id", settings.id());
        if (!clientAddress.isEmpty()) {
            body.put("client_ip", clientAddress);
        }
        return HttpRequest.newBuilder(validateUrl)
                .timeout(settings.timeout())
                .header(HttpHeaders.AUTHORIZATION, "Bearer " + key.text())
                .header(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON_VALUE)
                .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)))
                .build();
    }

    private CompletableFuture<AuthServiceResponse> exchange(HttpRequest question) {
        Instant start = steadyClock.instant();
        Queue<CompletableFuture<AuthServiceResponse>> calls = new ConcurrentLinkedQueue<>();
        return send(question, calls)
                .exceptionallyCompose(failure ->
                        isBrokenConnection(failure) ? send(question, calls) : CompletableFuture.failedFuture(failure))
                .orTimeout(settings.timeout().toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((response, failure) -> {
                    watch.asked(Duration.between(start, steadyClock.instant()));
                    if (failure != null) {
                        // Otherwise an answer that trickles would keep its connection.
                        calls.forEach(call -> call.cancel(true));
                    }
                });
    }

    private CompletableFuture<AuthServiceResponse> send(
            HttpRequest question, Queue<CompletableFuture<AuthServiceResponse>> calls) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        CompletableFuture<AuthServiceResponse> call = http.sendAsync(
                        question,
                        HttpResponse.BodyHandlers.ofByteArrayConsumer(part -> part.ifPresent(bytes ->
                                body.write(bytes, 0, Math.min(bytes.length, MAX_RESPONSE_BYTES - body.size())))))
                .thenApply(response ->
                        new AuthServiceResponse(response.statusCode(), response.headers(), body.toByteArray()));
        calls.add(call);
        return call;
    }

    /** A pooled connection that the service has just closed says nothing about the service: the question is sent once more. */
    private static boolean isBrokenConnection(Throwable failure) {
        Throwable cause = unwrap(failure);
        return cause instanceof IOException
                && !(cause instanceof HttpTimeoutException)
                && !(cause instanceof ConnectException);
    }

    private Verdict judge(AuthServiceResponse response) {
        Optional<Duration> retryAfter = response.retryAfter(clock.instant());
        if (response.isFailure()) {
            retryAfter.ifPresent(wait -> backoff.askedToWait(wait, false));
            return noVerdict(
                    Trouble.SERVER_ERROR,
                    "it answered " + response.status(),
                    new Verdict.Unavailable(retryAfter.orElse(RETRY_FAILED)));
        }
        if (response.status() == 429) {
            Duration wait = retryAfter.orElse(AuthServiceKeys.REFUSAL_TTL);
            backoff.askedToWait(wait, true);
            return noVerdict(
                    Trouble.THROTTLED,
                    "it answered 429, and is not asked about that key for " + wait.toSeconds() + " s",
                    new Verdict.Throttled(wait));
        }
        backoff.answered();
        Verdict verdict = switch (response.status()) {
            case 200 -> judgeBody(response);
            case 401, 403 -> new Verdict.Unknown();
            case 402 -> new Verdict.InsufficientBalance();
            default ->
                noVerdict(
                        Trouble.UNEXPECTED_STATUS,
                        "it answered " + response.status() + " to POST " + validateUrl
                                + ", which no auth service does; check AUTH_SERVICE_URL and AUTH_SERVICE_ID",
                        NOT_UNDERSTOOD);
        };
        if (!(verdict instanceof Verdict.Unavailable)) {
            watch.answered();
        }
        return verdict;
    }

    private Verdict judgeBody(AuthServiceResponse response) {
        try {
            return response.read();
        } catch (ProtocolException e) {
            return noVerdict(Trouble.UNREADABLE, "it answered 200 " + e.getMessage(), NOT_UNDERSTOOD);
        }
    }

    /** @param what a clause about "it", the service, that quotes neither a key nor an answer */
    private Verdict noVerdict(Trouble trouble, String what, Verdict instead) {
        watch.failed(trouble, what);
        return instead;
    }

    private Answer unanswered(Throwable failure) {
        Throwable cause = unwrap(failure);
        if (cause instanceof CallNotPermittedException) {
            return new Answer(new Verdict.Unavailable(OPEN_FOR), false);
        }
        Verdict soon = new Verdict.Unavailable(RETRY_FAILED);
        if (cause instanceof BulkheadFullException) {
            return new Answer(soon, false);
        }
        if (cause instanceof TimeoutException || cause instanceof HttpTimeoutException) {
            String what = "it did not answer within " + settings.timeout().toMillis() + " ms";
            return new Answer(noVerdict(Trouble.TIMEOUT, what, soon), true);
        }
        // Its message is left out: it may quote what the service sent.
        String what = "it is not reachable (" + cause.getClass().getSimpleName() + ")";
        return new Answer(noVerdict(Trouble.UNREACHABLE, what, soon), true);
    }

    private static Throwable unwrap(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }

    private void logTransition(StateTransition transition) {
        if (transition == StateTransition.CLOSED_TO_OPEN) {
            log.warn(
                    "The auth service fails: it is asked once in {} s from now on. Keys that it accepted less than {} ago go"
                            + " on working, other keys are answered with 503.",
                    OPEN_FOR.toSeconds(),
                    SettingRange.text(settings.staleTtl()));
        } else if (transition == StateTransition.HALF_OPEN_TO_CLOSED) {
            log.info("The auth service answers again.");
        }
    }
}
