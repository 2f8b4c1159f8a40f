package ai.hokus.registry.registration;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.KeptPlans;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** Every transaction of registrations locks its models: by their index, however few they are. */
class ModelLockPlanTest {

    private static final int LOCKED = 8;

    @ParameterizedTest
    @CsvSource({"100, true", "100, false", "1000, true", "1000, false", "5000, true", "5000, false"})
    void postgresql_reads_the_rows_that_it_locks_and_no_others(int models, boolean analyzed) throws SQLException {
        try (HikariDataSource pool = TestDatabase.POSTGRESQL.newMigrated(1);
                Connection connection = pool.getConnection()) {
            JdbcTemplate jdbc = new JdbcTemplate(KeptPlans.ofService(connection));
            jdbc.execute("ALTER TABLE model SET (autovacuum_enabled = off)");
            jdbc.update("INSERT INTO model (name) SELECT 'model-' || n FROM generate_series(1, ?) n", models);
            if (analyzed) {
                jdbc.execute("ANALYZE model");
            }
            RegistrationRepository repository = new RegistrationRepository(jdbc);
            Set<String> names = IntStream.rangeClosed(1, LOCKED)
                    .mapToObj(n -> "model-" + n * models / LOCKED)
                    .collect(Collectors.toSet());
            long before = KeptPlans.rowsRead(jdbc, "model");

            List<String> locked = repository.lockFreeModels(names);

            assertThat(locked).containsExactlyInAnyOrderElementsOf(names);
            assertThat(KeptPlans.rowsRead(jdbc, "model") - before).isBetween(1L, 2L * LOCKED);
        }
    }
}
