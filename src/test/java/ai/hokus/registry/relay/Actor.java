package ai.hokus.registry.relay;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A thread that runs only while the scheduler lets it: from one {@link #pause} to the next. Of all actors of a
 * simulation one runs at a time, so a schedule is a sequence, and a seed repeats it.
 */
final class Actor {

    /** The actor's process dies at the pause it is in. */
    static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Crash() {
            super(null, null, false, false);
        }
    }

    private static final class End extends RuntimeException {
        private static final long serialVersionUID = 1L;

        End() {
            super(null, null, false, false);
        }
    }

    private static final long STEP_TIMEOUT_SECONDS = 60;

    private final Thread thread;
    private final Semaphore go = new Semaphore(0);
    private final Semaphore paused = new Semaphore(0);
    private volatile boolean crash;
    private volatile boolean end;
    private volatile Throwable failure;

    Actor(String name, Runnable forEver) {
        thread = new Thread(
                () -> {
                    go.acquireUninterruptibly();
                    try {
                        while (!end) {
                            try {
                                forEver.run();
                            } catch (Crash e) {
                                continue; // another process takes over, and knows nothing
                            }
                        }
                    } catch (End e) {
                        return;
                    } catch (Throwable e) {
                        failure = e;
                    } finally {
                        paused.release();
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    /** On the actor's thread: gives the turn back. */
    void pause() {
        paused.release();
        go.acquireUninterruptibly();
        if (end) {
            throw new End();
        }
        if (crash) {
            crash = false;
            throw new Crash();
        }
    }

    /** On the scheduler's thread: lets the actor run to its next pause. */
    void step() {
        if (failure != null) {
            return; // it has been reported, and its thread is gone
        }
        go.release();
        try {
            if (!paused.tryAcquire(STEP_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError(thread.getName() + " neither pauses nor ends");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        if (failure != null) {
            throw new AssertionError(thread.getName() + " failed", failure);
        }
    }

    /** Kills the actor's process in its pause; it begins anew. */
    void crash() {
        crash = true;
        step();
    }

    void end() {
        end = true;
        step();
    }
}
