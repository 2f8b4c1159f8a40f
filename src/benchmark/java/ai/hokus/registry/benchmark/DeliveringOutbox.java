package ai.hokus.registry.benchmark;

import org.jspecify.annotations.Nullable;

/** An outbox that can be written to while it delivers, as an application does. */
public interface DeliveringOutbox extends OutboxUnderTest {

    /** Delivers from now on, as in production. */
    void startDelivering() throws Exception;

    /**
     * One transaction with one message; returns when it is committed. Called by several threads.
     *
     * @param model its key
     * @param payload what the list's element must contain, unchanged
     */
    void publish(String model, String payload) throws Exception;

    /** How many messages it has still to deliver, by its own account. */
    long pending();

    /** Whether it promises to deliver a model's messages in the order of their commits. */
    boolean keepsOrder();

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
}
