package ai.hokus.registry.outbox;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.ResultSetExtractor;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Whether a partition has anything to do, without its lock: what is read may be old when it is used. Thread-safe. */
final class PartitionPeek {

    /** With more ranges to look at than this, a claim is as cheap. */
    private static final int MAX_RANGES = 1_000;

    private final JdbcClient client;
    private final SqlDialect dialect;
    private final int partition;
    private final RelayIdentity identity;

    PartitionPeek(JdbcTemplate jdbc, SqlDialect dialect, int partition, RelayIdentity identity) {
        this.client = JdbcClient.create(jdbc);
        this.dialect = dialect;
        this.partition = partition;
        this.identity = identity;
    }

    @Nullable
    String refusal() {
        return client.sql("SELECT queue_name, environment FROM outbox")
                .query((row, n) -> Optional.ofNullable(
                        identity.refusal(row.getString("queue_name"), row.getString("environment"))))
                .single()
                .orElse(null);
    }

    boolean isIdle(@Nullable String newest, ScanCursor cursor) {
        Checkpoint seen = newest == null ? null : Checkpoint.parse(newest);
        if ((newest != null && seen == null)
                || cursor.isLoading()
                || cursor.unclaimed().size() > MAX_RANGES) {
            return false;
        }
        IdRanges ids = cursor.unclaimed().plus(cursor.upTo(), Long.MAX_VALUE);
        return client.sql(dialect.peek())
                .param("partition", partition)
                .param("lowests", MessageRepository.bigints(ids.from()))
                .param("highests", MessageRepository.bigints(ids.to()))
                .query((ResultSetExtractor<Boolean>) row -> {
                    if (!row.next() || row.getBoolean("halted") || row.getBoolean("unclaimed")) {
                        return false;
                    }
                    long delivered = row.getLong("delivered");
                    boolean atEnd = seen == null
                            ? delivered == 0
                            : seen.position() == delivered
                                    && (delivered == 0 || seen.batchId() == row.getLong("batch_id"));
                    return atEnd
                            && row.getLong("last_position") == delivered
                            && row.getLong("batch_id") == cursor.log().batchId()
                            && identity.refusal(row.getString("queue_name"), row.getString("environment")) == null;
                });
    }
}
