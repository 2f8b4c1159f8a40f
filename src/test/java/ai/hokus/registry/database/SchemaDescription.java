package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.sql.DataSource;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * What a build relies on in its schema, and whether it could rely on another one as well: columns of tables and views, unique
 * keys, checks and references. Its text has a line for each, so that it can be stored and compared.
 */
final class SchemaDescription {

    private static final String CHECKS = """
            SELECT t.table_name, c.check_clause
            FROM information_schema.table_constraints t
            JOIN information_schema.check_constraints c
                ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name
            WHERE t.table_schema = CURRENT_SCHEMA AND c.check_clause NOT LIKE '%IS NOT NULL'
            """;

    private static final Set<String> FLYWAYS = Set.of("flyway_schema_history");

    /** "column TABLE.COLUMN", "unique TABLE (...)", "check TABLE ...", "reference TABLE ..."; and of columns what they are. */
    private final Map<String, String> lines;

    private SchemaDescription(Map<String, String> lines) {
        this.lines = lines;
    }

    static SchemaDescription of(DataSource dataSource) {
        JdbcTemplate jdbc = new JdbcTemplate(dataSource);
        Map<String, String> lines = new TreeMap<>();
        jdbc.execute((ConnectionCallback<Object>) connection -> {
            read(connection, lines);
            return null;
        });
        jdbc.query(CHECKS, row -> {
            lines.put("check " + row.getString(1) + " " + row.getString(2).replaceAll("\\s+", " "), "");
        });
        return new SchemaDescription(lines);
    }

    static SchemaDescription parse(List<String> text) {
        Map<String, String> lines = new TreeMap<>();
        for (String line : text) {
            String[] parts = line.split(": ", 2);
            lines.put(parts[0], parts.length == 2 ? parts[1] : "");
        }
        return new SchemaDescription(lines);
    }

    List<String> text() {
        return lines.entrySet().stream()
                .map(line -> line.getKey() + (line.getValue().isEmpty() ? "" : ": " + line.getValue()))
                .toList();
    }

    /** Why a build that was made for this schema might fail on the later one; empty: it works there. */
    List<String> problemsOn(SchemaDescription later) {
        List<String> problems = new ArrayList<>();
        lines.forEach((name, kind) -> {
            String now = later.lines.get(name);
            if (name.startsWith("column ") && now == null) {
                problems.add(name + " is gone");
            } else if (name.startsWith("column ") && !now.equals(kind)) {
                problems.add(name + " was " + kind + " and is " + now);
            } else if (name.startsWith("unique ") && now == null) {
                problems.add(name + " is gone");
            }
        });
        Set<String> tables = tables();
        later.lines.forEach((name, kind) -> {
            boolean onOldTable = tables.contains(name.split("[ .]")[1]);
            if (!onOldTable || lines.containsKey(name)) {
                return;
            }
            if (!name.startsWith("column ")) {
                problems.add(name + " is new");
            } else if (kind.endsWith("not null")) {
                problems.add(name + " is new, not null and without a default");
            }
        });
        return problems;
    }

    private Set<String> tables() {
        Set<String> tables = new TreeSet<>();
        lines.keySet().forEach(name -> tables.add(name.split("[ .]")[1]));
        return tables;
    }

    private static void read(Connection connection, Map<String, String> lines) throws SQLException {
        DatabaseMetaData metaData = connection.getMetaData();
        String catalog = connection.getCatalog();
        String schema = connection.getSchema();
        try (ResultSet tables =
                metaData.getTables(catalog, schema, "%", new String[] {"TABLE", "BASE TABLE", "VIEW"})) {
            while (tables.next()) {
                String table = tables.getString("TABLE_NAME");
                if (!FLYWAYS.contains(table)) {
                    boolean view = "VIEW".equals(tables.getString("TABLE_TYPE"));
                    readColumns(metaData, catalog, schema, table, view, lines);
                    readUniqueKeys(metaData, catalog, schema, table, lines);
                    readReferences(metaData, catalog, schema, table, lines);
                }
            }
        }
    }

    private static void readColumns(
            DatabaseMetaData metaData,
            String catalog,
            String schema,
            String table,
            boolean view,
            Map<String, String> lines)
            throws SQLException {
        try (ResultSet columns = metaData.getColumns(catalog, schema, table, "%")) {
            while (columns.next()) {
                String type = columns.getString("TYPE_NAME").toLowerCase(Locale.ROOT);
                String size = type.contains("char") ? "(" + columns.getInt("COLUMN_SIZE") + ")" : "";
                boolean required = !view && "NO".equals(columns.getString("IS_NULLABLE"));
                boolean filled = columns.getString("COLUMN_DEF") != null
                        || "YES".equals(columns.getString("IS_AUTOINCREMENT"))
                        || "YES".equals(columns.getString("IS_GENERATEDCOLUMN"));
                lines.put(
                        "column " + table + "." + columns.getString("COLUMN_NAME"),
                        type + size + (required ? " not null" : "") + (filled && !view ? " default" : ""));
            }
        }
    }

    private static void readUniqueKeys(
            DatabaseMetaData metaData, String catalog, String schema, String table, Map<String, String> lines)
            throws SQLException {
        Map<String, String> keys = new LinkedHashMap<>();
        try (ResultSet indexes = metaData.getIndexInfo(catalog, schema, table, true, true)) {
            while (indexes.next()) {
                String column = indexes.getString("COLUMN_NAME");
                if (column != null) {
                    String condition = indexes.getString("FILTER_CONDITION");
                    keys.merge(
                            indexes.getString("INDEX_NAME") + (condition == null ? "" : "\twhere " + condition),
                            column,
                            (a, b) -> a + ", " + b);
                }
            }
        }
        keys.forEach((index, columns) -> {
            String condition = Arrays.stream(index.split("\t"))
                    .skip(1)
                    .findFirst()
                    .map(c -> " " + c)
                    .orElse("");
            lines.put("unique " + table + " (" + columns + ")" + condition, "");
        });
    }

    private static void readReferences(
            DatabaseMetaData metaData, String catalog, String schema, String table, Map<String, String> lines)
            throws SQLException {
        try (ResultSet keys = metaData.getImportedKeys(catalog, schema, table)) {
            while (keys.next()) {
                lines.put(
                        "reference " + table + " " + keys.getString("FKCOLUMN_NAME") + " to "
                                + keys.getString("PKTABLE_NAME"),
                        "");
            }
        }
    }
}
