package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.core.JdbcTemplate;

class DatabaseKindTest {

    /** Ten messages of 500 characters and 1,000 bytes. */
    private static final String MESSAGES = """
            SELECT n AS id, NULL AS message_id, NULL AS message_key, NULL AS message_type, NULL AS created_at,
                   NULL AS position, 0 AS term, FALSE AS withheld, repeat('ä', 500) AS payload
            FROM generate_series(1, ?) n ORDER BY n LIMIT 20
            """;

    private static HikariDataSource pool;

    @BeforeAll
    static void open() {
        pool = TestDatabase.POSTGRESQL.newMigrated(1);
    }

    @AfterAll
    static void close() {
        pool.close();
    }

    @ParameterizedTest
    @CsvSource({"-1, 0", "0, 1", "1, 1", "999, 1", "1000, 2", "2999, 3", "3000, 4", "1000000, 10"})
    void postgresql_sends_no_payload_after_the_one_that_exceeds_the_bytes(long maxBytes, int sent) {
        String sql = DatabaseKind.POSTGRESQL.cutAtBytes(MESSAGES, "id");
        Object[] parameters = DatabaseKind.POSTGRESQL.withBytes(new Object[] {10}, maxBytes);
        JdbcTemplate jdbc = new JdbcTemplate(pool);

        List<Integer> ids = jdbc.query(sql, (row, n) -> row.getInt("id"), parameters);
        List<String> payloads = jdbc.query(sql, (row, n) -> row.getString("payload"), parameters);

        assertThat(ids).hasSize(10).isSorted();
        assertThat(payloads.subList(0, sent)).doesNotContainNull();
        assertThat(payloads.subList(sent, 10)).allMatch(Objects::isNull);
    }
}
