package ai.hokus.registry.outbox;

import java.lang.reflect.Field;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes H2's own shutdown hook away, so that the pool closes the database after the last request and pass.
 *
 * <p>The hook would close it at the same moment in which the application begins to stop: requests under way would fail,
 * and the relay could not give its lock back, for which the next start then waits. {@code DB_CLOSE_ON_EXIT=FALSE} is H2's
 * switch for this, but H2 2.4 refuses it together with {@code AUTO_SERVER=TRUE}, which operators need. Where the hook
 * cannot be reached the service runs all the same, and stops less quietly.
 */
final class H2ShutdownHook {

    private static final Logger log = LoggerFactory.getLogger(H2ShutdownHook.class);

    private H2ShutdownHook() {}

    static void remove() {
        try {
            Field hook = Class.forName("org.h2.engine.OnExitDatabaseCloser").getDeclaredField("INSTANCE");
            hook.setAccessible(true);
            Runtime.getRuntime().removeShutdownHook((Thread) hook.get(null));
        } catch (ReflectiveOperationException | RuntimeException e) {
            log.info("H2 closes its file by itself when the process is told to stop: {}", e.toString());
        }
    }
}
