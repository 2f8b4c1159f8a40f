package ai.hokus.registry.security;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;

/** Token buckets, one for each valid key that was used lately. Thread-safe. */
final class RateLimiter {

    /** Maximum number of buckets. A key whose bucket is dropped starts with a full one again. */
    private static final int MAX_KEYS = 10_000;

    private final boolean on;
    private final LoadingCache<String, Bucket> buckets;

    RateLimiter(SecuritySettings.RateLimit settings, TimeMeter time) {
        this.on = settings.perSecond() > 0;
        // An idle bucket may go once it would be full again anyway.
        long secondsToFill = on ? settings.burst() / settings.perSecond() + 1L : 1;
        this.buckets = Caffeine.newBuilder()
                .maximumSize(MAX_KEYS)
                .expireAfterAccess(Duration.ofSeconds(secondsToFill))
                .ticker(time::currentTimeNanos)
                .build(key -> Bucket.builder()
                        .addLimit(limit -> limit.capacity(settings.burst())
                                .refillGreedy(settings.perSecond(), Duration.ofSeconds(1)))
                        .withCustomTimePrecision(time)
                        .build());
    }

    /** Takes a token. Zero: there was one. Else: how long until there is one. */
    Duration take(ApiKey key) {
        if (!on) {
            return Duration.ZERO;
        }
        ConsumptionProbe probe = buckets.get(key.sha256()).tryConsumeAndReturnRemaining(1);
        return probe.isConsumed() ? Duration.ZERO : Duration.ofNanos(Math.max(1, probe.getNanosToWaitForRefill()));
    }
}
