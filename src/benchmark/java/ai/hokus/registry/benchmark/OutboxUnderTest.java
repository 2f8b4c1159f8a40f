package ai.hokus.registry.benchmark;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An outbox library between a PostgreSQL database of its own and one Redis list, as the comparison drives it. Payloads are
 * 650 bytes, of 1,000 models, ordered per model where the library can.
 */
public interface OutboxUnderTest extends AutoCloseable {

    /** Its name and version, for the table. */
    String name();

    /** Leaves exactly so many messages pending, the list empty, and delivery stopped. Not measured. */
    void fill(int messages) throws Exception;

    /**
     * Delivers what {@link #fill} left.
     *
     * @return from the beginning until all of it is in the list; what is done after that is not measured
     */
    Duration drain() throws Exception;

    /** Delivers from now on, as in production. */
    void startDelivering() throws Exception;

    /**
     * One transaction with one message; returns when it is committed. Called by several threads.
     *
     * @param model its key
     * @param payload what the list's element must contain, unchanged
     */
    void publish(String model, String payload) throws Exception;

    /** A table of the application's own. */
    String PURCHASES = "CREATE TABLE purchase (id UUID PRIMARY KEY, item TEXT NOT NULL)";

    String PURCHASE = "INSERT INTO purchase (id, item) VALUES (?, ?)";

    /**
     * One transaction with a row of the application's own, and a message or none; returns when it is committed. Called by several
     * threads.
     *
     * @param item the message's key
     * @param payload null: no message
     */
    void purchase(String item, @Nullable String payload) throws Exception;

    @Override
    void close();
}
