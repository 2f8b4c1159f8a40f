package ai.hokus.registry.outbox;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement that changes rows, with its parameters as {@link org.springframework.jdbc.core.JdbcTemplate} takes them. */
record SqlUpdate(String sql, List<@Nullable Object> parameters) {

    SqlUpdate(String sql, @Nullable Object... parameters) {
        this(sql, Arrays.asList(parameters));
    }
}
