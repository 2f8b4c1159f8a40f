package ai.hokus.registry.benchmark;

import java.time.Duration;

/**
 * An outbox library between a PostgreSQL database of its own and one Redis list, as the comparison drives it. Payloads are
 * 650 bytes, of 1,000 models, ordered per model where the library can.
 */
public interface OutboxUnderTest extends AutoCloseable {

    /** 650 bytes of JSON. */
    String PAYLOAD = "{\"filler\":\"" + "x".repeat(637) + "\"}";

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

    @Override
    void close();
}
