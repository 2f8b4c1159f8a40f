package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.queue.redis.RedisSettings.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.redisson.client.RedisConnectionException;
import org.redisson.client.RedisException;
import org.redisson.client.RedisNodeNotFoundException;
import org.redisson.client.RedisOutOfMemoryException;
import org.redisson.client.RedisRedirectException;
import org.redisson.client.RedisTimeoutException;

/**
 * Classifies every failure of Redis, or of the way to it. The client library wraps the same failure differently from case
 * to case. So the whole chain of causes is checked, by type and by the beginning of Redis' own sentence. The first rule
 * of the table that fits any link of the chain wins, which is why the specific ones come first.
 *
 * <p>Only a sentence is kept, never the exception itself: the client library's messages quote the command with its
 * parameters, which are elements of the queue or, for AUTH, the password. Thread-safe.
 */
final class RedisErrorClassifier {

    private static final int MAX_MESSAGE_LENGTH = 300;

    private static final int MAX_CHAIN_LENGTH = 20;

    /**
     * What scripts put before an error: Redis 6 and older {@code ERR Error running script (...): @user_script:1: -OOM ...};
     * Redis 7 nothing, or {@code ERR}.
     */
    private static final String SCRIPT_PREFIX =
            "(?:(?:-?ERR )?Error running script \\([^)]*\\): ?)?(?:@?user_script: ?\\d+: ?)*-?(?:ERR )?";

    /** Where the client library stops quoting Redis and starts quoting the command. */
    private static final Pattern QUOTED_COMMAND = Pattern.compile(
            "[.,;]?\\s*\\b(?i:channel|command|current ?command|params|promise|connection|node source)\\s*[:=].*");

    private static final List<Rule> RULES = List.of(
            new Rule(Cause.TLS, SSLException.class, CertificateException.class),
            new Rule(Cause.AUTHENTICATION, "NOAUTH|WRONGPASS|invalid password|(?:Client sent )?AUTH\\b"),
            new Rule(Cause.PERMISSION, "NOPERM|The user executing the script can't"),
            new Rule(Cause.OUT_OF_MEMORY, RedisOutOfMemoryException.class), // the library cuts the word off
            new Rule(Cause.OUT_OF_MEMORY, "OOM"),
            new Rule(Cause.READ_ONLY, "READONLY"),
            new Rule(Cause.WRONG_TYPE, "WRONGTYPE"),
            // MISCONF: a snapshot could not be saved; NOREPLICAS: fewer replicas than min-replicas-to-write.
            new Rule(Cause.NOT_READY, "LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MISCONF|NOREPLICAS|MOVED|ASK"),
            new Rule(Cause.UNREACHABLE, "max number of clients reached"),
            // Netty's connect timeout is a ConnectException too: nothing was asked yet.
            new Rule(
                    Cause.UNREACHABLE,
                    RedisNodeNotFoundException.class,
                    ConnectException.class,
                    UnknownHostException.class,
                    NoRouteToHostException.class),
            new Rule(Cause.TIMEOUT, RedisTimeoutException.class, TimeoutException.class),
            new Rule(Cause.UNREACHABLE, RedisConnectionException.class, IOException.class));

    private static final Pattern MOVED = Pattern.compile(SCRIPT_PREFIX + "MOVED .*");
    private static final Pattern NO_CLUSTER = Pattern.compile(".*cluster support disabled.*");
    private static final Pattern UNKNOWN_MASTER = Pattern.compile("Master node is undefined.*");

    /**
     * Errors that can only concern an element. No other error counts against a message: if it really concerned the queue,
     * one message after the other would be parked.
     */
    private static final Pattern ABOUT_AN_ELEMENT = Pattern.compile(
            SCRIPT_PREFIX
                    + "(?:string exceeds maximum allowed size|.*\\b(?:value|element|string) is too (?:large|big|long)\\b).*",
            Pattern.CASE_INSENSITIVE);

    private final String address;
    private final Kind kind;

    RedisErrorClassifier(String address, Kind kind) {
        this.address = address;
        this.kind = kind;
    }

    String address() {
        return address;
    }

    /** @param failure as the client library threw it; it is not attached */
    QueueUnavailableException unavailable(Throwable failure) {
        List<Throwable> chain = Stream.iterate(failure, link -> link != null, Throwable::getCause)
                .limit(MAX_CHAIN_LENGTH)
                .toList();
        for (Throwable link : chain) {
            String advice = wrongKind(link);
            if (advice != null) {
                return unavailable(Cause.NOT_READY, advice);
            }
        }
        for (Rule rule : RULES) {
            for (Throwable link : chain) {
                if (rule.fits(link)) {
                    return unavailable(rule.cause(), link.getClass().getSimpleName() + ": " + sentence(link));
                }
            }
        }
        Throwable innermost = chain.get(chain.size() - 1);
        return unavailable(Cause.OTHER, innermost.getClass().getName() + ": " + sentence(innermost));
    }

    QueueUnavailableException unavailable(String error) {
        return unavailable(new RedisException(error));
    }

    QueueUnavailableException unavailable(Cause cause, String sentence) {
        return new QueueUnavailableException(cause, "Redis at " + address + ": " + sentence, null);
    }

    /** What to change if Redis is not of the configured kind; null: the error does not say so. */
    private @Nullable String wrongKind(Throwable link) {
        String sentence = sentence(link);
        if (kind != Kind.CLUSTER
                && (link instanceof RedisRedirectException
                        || MOVED.matcher(sentence).matches())) {
            return "it is a node of a cluster, and another node has the queue (MOVED). Set REDIS_CLUSTER=true.";
        }
        if (kind == Kind.CLUSTER && NO_CLUSTER.matcher(sentence).matches()) {
            return "it is no cluster (cluster support is disabled). Set REDIS_CLUSTER=false, or remove it.";
        }
        return kind == Kind.SENTINEL && UNKNOWN_MASTER.matcher(sentence).matches()
                ? "the sentinels know no primary of this name. Set REDIS_SENTINEL_MASTER to the name in their"
                        + " configuration (sentinel monitor NAME ...)."
                : null;
    }

    static boolean isAboutAnElement(String error) {
        return ABOUT_AN_ELEMENT.matcher(error).matches();
    }

    private static String sentence(Throwable link) {
        String message = link.getMessage();
        if (message == null) {
            return "no message";
        }
        Matcher quoted = QUOTED_COMMAND.matcher(message.lines().findFirst().orElse(""));
        String sentence = quoted.replaceFirst("");
        return sentence.length() <= MAX_MESSAGE_LENGTH ? sentence : sentence.substring(0, MAX_MESSAGE_LENGTH) + "...";
    }

    /** @param beginning of Redis' own sentence; null: the type says it all */
    private record Rule(
            Cause cause, List<Class<?>> types, @Nullable Pattern beginning) {

        Rule(Cause cause, Class<?>... types) {
            this(cause, List.of(types), null);
        }

        Rule(Cause cause, String beginning) {
            this(
                    cause,
                    List.of(RedisException.class),
                    Pattern.compile(SCRIPT_PREFIX + "(?:" + beginning + ")(?:[ :.,].*)?"));
        }

        boolean fits(Throwable link) {
            return types.stream().anyMatch(type -> type.isInstance(link))
                    && (beginning == null || beginning.matcher(sentence(link)).matches());
        }
    }
}
