package ai.hokus.registry.support;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Base of tests that run on every database there is. A test sets {@link #dataSource}, which is closed afterwards. */
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
