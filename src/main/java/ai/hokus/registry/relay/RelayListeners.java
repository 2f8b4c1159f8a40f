package ai.hokus.registry.relay;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All listeners as one that does not throw: an observer never breaks the work. Thread-safe. */
final class RelayListeners implements RelayListener {

    private static final Logger log = LoggerFactory.getLogger(RelayListeners.class);

    private final List<RelayListener> listeners;
    private final AtomicBoolean failed = new AtomicBoolean();

    RelayListeners(List<RelayListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    @Override
    public void appended(int partition, List<OffsetDateTime> createdAt, Duration took) {
        tell(listener -> listener.appended(partition, createdAt, took));
    }

    @Override
    public void passEnded(int partition, Duration took) {
        tell(listener -> listener.passEnded(partition, took));
    }

    @Override
    public void failed(int partition, String cause) {
        tell(listener -> listener.failed(partition, cause));
    }

    @Override
    public void rewound(int partition, long from, long to) {
        tell(listener -> listener.rewound(partition, from, to));
    }

    @Override
    public void parked(int partition) {
        tell(listener -> listener.parked(partition));
    }

    private void tell(Consumer<RelayListener> what) {
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
