package ai.hokus.registry.support;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** A data source that can be broken: then it opens no connection. */
public final class BrokenDataSource extends DelegatingDataSource {

    private volatile boolean broken;

    public BrokenDataSource(DataSource dataSource) {
        super(dataSource);
    }

    public void setBroken(boolean broken) {
        this.broken = broken;
    }

    @Override
    public Connection getConnection() throws SQLException {
        if (broken) {
            throw new SQLException("the database is away");
        }
        return super.getConnection();
    }
}
