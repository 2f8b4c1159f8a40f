package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.StatementCallback;

/** On H2 a statement's timeout stays with the connection, which the pool then gives to somebody else. */
class StatementTimeoutTest {

    @Test
    void a_short_timeout_of_one_statement_is_not_the_next_ones() {
        try (RunningService service = RunningService.on(TestDatabase.H2, Map.of())) {
            JdbcTemplate hasty = new JdbcTemplate(service.bean(DataSource.class));
            hasty.setQueryTimeout(1);
            hasty.execute("SELECT 1");

            // The pool gives a thread the connection that it had last, where it is free.
            Integer timeout =
                    service.jdbc().execute((StatementCallback<Integer>) statement -> statement.getQueryTimeout());

            assertThat(timeout).isEqualTo(5);
        }
    }
}
