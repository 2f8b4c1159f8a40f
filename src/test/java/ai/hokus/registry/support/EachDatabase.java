package ai.hokus.registry.support;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A test that runs on every database there is; a test sets {@link #dataSource}, and it is closed after it. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
public abstract class EachDatabase {

    @Parameter
    protected TestDatabase database;

    protected HikariDataSource dataSource;

    @AfterEach
    void close() {
        if (dataSource != null) { // null: skipped before there was one
            dataSource.close();
        }
    }
}
