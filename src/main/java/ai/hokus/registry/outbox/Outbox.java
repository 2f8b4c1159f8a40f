package ai.hokus.registry.outbox;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Thread-safe. */
public class Outbox {

    private static final Logger log = LoggerFactory.getLogger(Outbox.class);

    private static final String INSERT = """
            INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)
            VALUES (?, ?, ?, ?, ?)
            """;

    private static final String INSERT_COPIES = """
            INSERT INTO outbox_message (message_id, copy_no, partition_id, message_key, message_type, payload)
            SELECT m.message_id, (SELECT max(c.copy_no) + 1 FROM outbox_message c WHERE c.message_id = m.message_id),
                   m.partition_id, m.message_key, m.message_type, m.payload
            FROM unnest(CAST(? AS BIGINT ARRAY)) WITH ORDINALITY AS u(id, n)
            JOIN outbox_message m ON m.partition_id = ? AND m.id = u.id
            ORDER BY u.n
            """;

    private final JdbcTemplate jdbc;
    private final SqlDialect dialect;
    private final OutboxPartitions partitions;
    private final DiskSync diskSync;
    private final List<CommitListener> listeners;

    Outbox(OutboxDatabase database, OutboxPartitions partitions, List<CommitListener> listeners) {
        this.jdbc = database.jdbc();
        this.dialect = database.dialect();
        this.diskSync = database.diskSync();
        this.partitions = partitions;
        this.listeners = List.copyOf(listeners);
    }

    /**
     * Writes messages in the caller's transaction, in this order: they will be delivered if and only if that commits. When the
     * caller's transaction template returns, the commit is on disk and the relay has been told.
     *
     * @throws IllegalStateException without an open transaction
     * @throws org.springframework.dao.DuplicateKeyException when there is a message with one of these ids
     */
    public void add(List<NewMessage> messages) {
        if (!TransactionSynchronizationManager.isActualTransactionActive()) {
            throw new IllegalStateException("a message is added in the transaction of what it tells; none is open");
        }
        List<CommittedMessage> added = messages.stream()
                .map(message -> new CommittedMessage(message, partitions.partitionOf(message.key())))
                .toList();
        if (added.isEmpty()) {
            return;
        }
        dialect.lockIds(jdbc);
        if (added.size() == 1) {
            // A batch of one would be parsed by PostgreSQL each time.
            jdbc.update(INSERT, statement -> bind(statement, added.get(0)));
        } else {
            jdbc.batchUpdate(INSERT, added, added.size(), Outbox::bind);
        }
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                diskSync.flush();
                added.forEach(message -> tell(
                        listener -> listener.committed(message),
                        "a listener failed; message {} is committed and will be delivered",
                        message.message().messageId()));
            }
        });
    }

    private static void bind(PreparedStatement insert, CommittedMessage added) throws SQLException {
        NewMessage message = added.message();
        insert.setObject(1, message.messageId());
        insert.setInt(2, added.partition());
        insert.setString(3, message.key());
        insert.setString(4, message.type());
        insert.setString(5, message.payload());
    }

    /**
     * Writes copies of messages at the end of their partition, in this order: the same {@code message_id}, the next {@code
     * copy_no}; none of a message whose row is gone. Needs an open transaction that holds the partition's row; call {@link #flush}
     * after its commit. Returns the number of copies.
     */
    public int addCopies(int partition, List<Long> ids) {
        dialect.lockIds(jdbc);
        return jdbc.update(INSERT_COPIES, new SqlArrayValue("bigint", ids.toArray()), partition);
    }

    /** Returns when everything that was committed before is on disk: on H2, what is visible may not be there yet. */
    public void flush() {
        diskSync.flush();
    }

    /** Tells the listeners that the database failed during a caller's transaction. It is over, and its outcome may be unknown. */
    public void failed(RuntimeException failure) {
        tell(listener -> listener.failed(failure), "a listener failed when it was told of {}", failure);
    }

    private void tell(Consumer<CommitListener> what, String complaint, Object about) {
        for (CommitListener listener : listeners) {
            try {
                what.accept(listener);
            } catch (RuntimeException e) {
                log.warn(complaint, about, e);
            }
        }
    }
}
