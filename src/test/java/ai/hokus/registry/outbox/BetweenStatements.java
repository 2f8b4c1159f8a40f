package ai.hokus.registry.outbox;

import com.zaxxer.hikari.HikariDataSource;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** Does something, once, between two statements of whoever uses its connections. */
final class BetweenStatements extends DelegatingDataSource {

    private String fragment = "";
    private Runnable before;
    private Runnable after;

    BetweenStatements(HikariDataSource pool) {
        super(pool);
    }

    /** Before a statement with this text. */
    void before(String text, Runnable action) {
        fragment = text;
        before = action;
    }

    /** Before the statement after one with this text. */
    void after(String text, Runnable action) {
        before(text, () -> after = action);
    }

    private void prepared(String sql) {
        Runnable due = after;
        after = null;
        if (due != null) {
            due.run();
        }
        if (before != null && sql.contains(fragment)) {
            Runnable action = before;
            before = null;
            action.run();
        }
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection connection = super.getConnection();
        return (Connection) Proxy.newProxyInstance(
                BetweenStatements.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("prepareStatement")) {
                        prepared((String) arguments[0]);
                    }
                    try {
                        return method.invoke(connection, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
