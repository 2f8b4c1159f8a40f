package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A script's reply, read part by part. An unexpected part throws {@link QueueUnavailableException}. Confined to one thread.
 */
final class RedisReply {

    private final List<@Nullable Object> parts;
    private final RedisErrorClassifier errors;
    private int next;

    RedisReply(List<@Nullable Object> parts, RedisErrorClassifier errors) {
        this.parts = parts;
        this.errors = errors;
    }

    long number() {
        if (next < parts.size() && parts.get(next++) instanceof Long number && number >= 0) {
            return number;
        }
        throw unexpected();
    }

    String text() {
        if (next < parts.size() && parts.get(next++) instanceof String text) {
            return text;
        }
        throw unexpected();
    }

    /** Null: the next part is nil, or there is none. */
    @Nullable
    String textOrNull() {
        return next >= parts.size() || parts.get(next) == null ? null : text();
    }

    List<String> texts(long count) {
        List<String> texts = new ArrayList<>();
        for (long n = 0; n < count; n++) {
            texts.add(text());
        }
        return texts;
    }

    List<String> rest() {
        return texts(parts.size() - next);
    }

    /** Redis' error about what was pushed; an error about the queue is thrown as {@link QueueUnavailableException}. */
    String elementErrorOrThrow() {
        String error = text();
        if (RedisErrorClassifier.isAboutAnElement(error)) {
            return error;
        }
        throw errors.unavailable(error);
    }

    QueueUnavailableException unexpected() {
        return errors.unavailable(Cause.OTHER, "a reply of " + parts.size() + " parts that the script never gives");
    }
}
