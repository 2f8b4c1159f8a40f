package ai.hokus.registry.relay;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** If one fails, delivery goes on and the others are still told. Thread-safe. */
final class RelayListeners {

    private static final Logger log = LoggerFactory.getLogger(RelayListeners.class);

    private final List<RelayListener> listeners;
    private final AtomicBoolean failed = new AtomicBoolean();

    RelayListeners(List<RelayListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    void tell(Consumer<RelayListener> what) {
        for (RelayListener listener : listeners) {
            try {
                what.accept(listener);
            } catch (RuntimeException | LinkageError e) {
                if (!failed.getAndSet(true)) {
                    log.warn("A listener of the relay failed; delivery goes on, and this is not logged again.", e);
                }
            }
        }
    }
}
