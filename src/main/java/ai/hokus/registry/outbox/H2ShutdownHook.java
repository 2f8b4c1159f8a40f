package ai.hokus.registry.outbox;

import java.lang.reflect.Field;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes H2's own shutdown hook away, which closes the database when the application begins to stop: requests under way would
 * fail. H2 2.4 refuses its switch for this, {@code DB_CLOSE_ON_EXIT=FALSE}, with {@code AUTO_SERVER=TRUE}, which operators need.
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
