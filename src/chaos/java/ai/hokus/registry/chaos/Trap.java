package ai.hokus.registry.chaos;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Recognises one step of the service's work by the bytes on one connection, and acts right there, on the connection's
 * thread: before they go on. One trap may lie in several proxies at once; it springs as often as it was told to, in all.
 */
final class Trap {

    /** Whether what sprang it goes on, or the connection is cut instead. */
    enum Verdict {
        PASS,
        CUT
    }

    /** In which direction the last of the texts is looked for; the earlier ones are requests. */
    enum Side {
        REQUEST,
        ANSWER
    }

    private final Side side;
    private final List<String> texts;
    private final Function<String, Verdict> action;
    private final AtomicInteger left;
    private final CountDownLatch sprung;

    /**
     * @param texts in this order, on one connection
     * @param action is given the proxy's name; decides what becomes of the bytes
     */
    Trap(int times, Side side, List<String> texts, Function<String, Verdict> action) {
        this.left = new AtomicInteger(times);
        this.sprung = new CountDownLatch(times);
        this.side = side;
        this.texts = texts;
        this.action = action;
    }

    /** How far one connection has come in a trap. Confined to the connection's threads, one step at a time. */
    static final class Progress {
        private Trap trap;
        private int found;
    }

    Verdict see(Progress progress, String proxy, Side direction, String chunk) {
        synchronized (progress) {
            if (progress.trap != this) {
                progress.trap = this;
                progress.found = 0;
            }
            boolean complete = false;
            while (!complete) {
                boolean last = progress.found == texts.size() - 1;
                Side expected = last ? side : Side.REQUEST;
                if (direction != expected || !chunk.contains(texts.get(progress.found))) {
                    return Verdict.PASS;
                }
                progress.found++;
                complete = last;
            }
            progress.found = 0;
        }
        if (left.getAndDecrement() <= 0) {
            return Verdict.PASS;
        }
        try {
            return action.apply(proxy);
        } finally {
            sprung.countDown();
        }
    }

    /** Whether it has sprung as often as it was to, waiting for it. */
    boolean sprung(int seconds) {
        try {
            return sprung.await(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
