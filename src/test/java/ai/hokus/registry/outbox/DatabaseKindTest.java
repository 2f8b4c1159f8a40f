package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.core.JdbcTemplate;

class DatabaseKindTest {

    private static final String NUMBERS =
            "SELECT n, repeat('ä', 500) AS payload FROM generate_series(1, ?) n ORDER BY n LIMIT 20";

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "999, 1", "1000, 2", "2999, 3", "3000, 4", "1000000, 10"})
    void postgresql_sends_no_payload_after_the_one_that_exceeds_the_bytes(long maxBytes, int sent) {
        try (HikariDataSource pool = TestDatabase.POSTGRESQL.newMigrated(1)) {
            List<Integer> numbers = DatabaseKind.POSTGRESQL.readWithin(
                    new JdbcTemplate(pool),
                    maxBytes,
                    rows -> {
                        List<Integer> received = new ArrayList<>();
                        while (rows.next()) {
                            received.add(rows.getInt("n"));
                        }
                        return received;
                    },
                    NUMBERS,
                    "n",
                    10);

            assertThat(numbers).hasSize(sent).isSorted();
        }
    }
}
