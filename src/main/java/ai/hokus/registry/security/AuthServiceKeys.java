package ai.hokus.registry.security;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;

/**
 * Verifies keys with the auth service, and remembers its verdicts. A verification, in order:
 *
 * <ol>
 *   <li>a key that the service accepted less than {@code cacheTtl} ago is accepted;
 *   <li>a key that it accepted less than {@code staleTtl} ago is accepted too, and the service is asked in the background:
 *       its answer counts from the next request on. If it gives none, the key stays accepted until {@code staleTtl};
 *   <li>for any other key the request waits for the answer, for {@code timeout} at most. No more than {@code maxWaiting}
 *       requests wait at the same time; one more is told at once to retry.
 * </ol>
 *
 * <p>There is one question about a key at a time, and none before the {@link #ttl} of the last verdict is over. Refusals are
 * remembered by key and client address: the service may refuse an address.
 *
 * <p>Memory holds keys as hashes only. Thread-safe.
 */
final class AuthServiceKeys implements KeyVerifier {

    /** Short: a key that was just made must work soon. Long enough that a client with an old key does not flood the service. */
    static final Duration REFUSAL_TTL = Duration.ofSeconds(10);

    /** When to retry a request that found too many others waiting. */
    private static final Duration RETRY_SOON = Duration.ofSeconds(1);

    private final AuthServiceClient service;
    private final SecuritySettings.AuthService settings;
    private final AuthServiceWatch watch;
    private final Clock steadyClock;
    private final Bulkhead waiting;

    /** By the key's SHA-256. Separate from {@link #answers}, so that made-up keys evict no accepted ones. */
    private final Cache<String, Accepted> accepted;

    /** Questions under way, and verdicts other than "accepted" until they may be asked for again. */
    private final AsyncCache<String, AuthServiceClient.Answer> answers;

    /** @param maxWaiting how many requests may wait for the service at the same time */
    AuthServiceKeys(
            AuthServiceClient service,
            SecuritySettings.AuthService settings,
            AuthServiceWatch watch,
            int maxWaiting,
            Clock steadyClock) {
        this.service = service;
        this.settings = settings;
        this.watch = watch;
        this.steadyClock = steadyClock;
        this.waiting = Bulkhead.of(
                "requests that wait for the auth service",
                BulkheadConfig.custom().maxConcurrentCalls(maxWaiting).build());
        Instant start = steadyClock.instant();
        Ticker ticker = () -> Duration.between(start, steadyClock.instant()).toNanos();
        this.accepted = Caffeine.newBuilder()
                .maximumSize(settings.cacheSize())
                .expireAfterWrite(settings.staleTtl())
                .ticker(ticker)
                .build();
        this.answers = Caffeine.newBuilder()
                .maximumSize(settings.cacheSize())
                .expireAfter(Expiry.<String, AuthServiceClient.Answer>creating((question, answer) -> ttl(answer)))
                .ticker(ticker)
                .buildAsync();
    }

    @Override
    public Verdict verify(ApiKey key, String clientAddress) {
        Accepted last = accepted.getIfPresent(key.sha256());
        if (last == null) {
            return verifyFirst(key, clientAddress);
        }
        if (!steadyClock.instant().isBefore(last.at().plus(settings.cacheTtl()))) {
            // Nobody waits for it: the verdict is remembered, and counts from the next request on.
            CompletableFuture<AuthServiceClient.Answer> unused = ask(key.sha256(), key, clientAddress);
            watch.acceptedStale();
        }
        return last.verdict();
    }

    private Verdict verifyFirst(ApiKey key, String clientAddress) {
        Verdict verdict = await(ask(key.sha256() + " " + clientAddress, key, clientAddress));
        if (verdict instanceof Verdict.Throttled || verdict instanceof Verdict.Unavailable) {
            watch.leftUnverified();
        }
        return verdict;
    }

    private CompletableFuture<AuthServiceClient.Answer> ask(String question, ApiKey key, String clientAddress) {
        return answers.get(
                question,
                (asked, executor) -> service.ask(key, clientAddress).thenApply(answer -> {
                    remember(key, answer.verdict());
                    return answer;
                }));
    }

    /** How long the same question is not asked again. Accepted keys have a cache of their own. */
    private static Duration ttl(AuthServiceClient.Answer answer) {
        Verdict verdict = answer.verdict();
        if (!answer.asked()) {
            return Duration.ZERO;
        } else if (verdict instanceof Verdict.Throttled throttled) {
            return throttled.retryAfter();
        } else if (verdict instanceof Verdict.Unavailable unavailable) {
            return unavailable.retryAfter();
        }
        return verdict instanceof Verdict.Known ? Duration.ZERO : REFUSAL_TTL;
    }

    private void remember(ApiKey key, Verdict verdict) {
        if (verdict instanceof Verdict.Known known) {
            accepted.put(key.sha256(), new Accepted(known, steadyClock.instant()));
        } else if (verdict instanceof Verdict.Unknown || verdict instanceof Verdict.InsufficientBalance) {
            accepted.invalidate(key.sha256());
        }
    }

    private Verdict await(CompletableFuture<AuthServiceClient.Answer> question) {
        if (question.isDone()) {
            return question.join().verdict();
        }
        if (!waiting.tryAcquirePermission()) {
            return new Verdict.Unavailable(RETRY_SOON);
        }
        try {
            return question.join().verdict(); // it ends by itself, within its timeout
        } finally {
            waiting.onComplete();
        }
    }

    /** A key that the service accepted, and when it last did. */
    private record Accepted(Verdict.Known verdict, Instant at) {}
}
