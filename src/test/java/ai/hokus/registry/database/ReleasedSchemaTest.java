package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * Old and new instances run side by side during a roll-out, so a migration must leave the release before it working. This
 * compares the tables that this build makes with those of the last release, which are stored in {@code
 * src/test/released-schemas}. How a release adds itself, and what to do when a test here fails: CONTRIBUTING.md.
 */
class ReleasedSchemaTest {

    private static final Path FOLDER = Path.of("src", "test", "released-schemas");
    private static final String SNAPSHOT = "-SNAPSHOT";
    private static final String FIRST_RELEASE = "0.2.0";

    @ParameterizedTest
    @EnumSource(names = {"H2", "POSTGRESQL"})
    void the_last_release_works_on_the_tables_of_this_build(TestDatabase database) throws Exception {
        List<String> releases = releases();
        assumeFalse(
                releases.isEmpty(),
                "nothing was released yet: " + FOLDER + " is empty, and the version is " + version());
        Path release = FOLDER.resolve(releases.get(releases.size() - 1));
        SchemaDescription then = SchemaDescription.parse(Files.readAllLines(release.resolve(file(database))));

        Path accepted = release.resolve("accepted.txt");
        assertThat(then.problemsOn(current(database)))
                .as("on the tables of this build, release %s might fail", release.getFileName())
                .isSubsetOf(Files.exists(accepted) ? Files.readAllLines(accepted) : List.of());
    }

    /** Otherwise the test above would have nothing to compare with, and nobody would notice. */
    @ParameterizedTest
    @EnumSource(names = {"H2", "POSTGRESQL"})
    void a_release_has_its_schema_stored(TestDatabase database) throws Exception {
        String version = version();
        Path stored = FOLDER.resolve(version.replace(SNAPSHOT, "")).resolve(file(database));
        if (Boolean.getBoolean("released.schema.update")) {
            Files.createDirectories(stored.getParent());
            Files.write(stored, current(database).text());
        }

        if (version.endsWith(SNAPSHOT)) {
            assertThat(stored)
                    .as("%s is not released yet, so its schema may still change", version)
                    .doesNotExist();
        } else {
            assertThat(stored)
                    .as("release %s has its schema stored: see CONTRIBUTING.md", version)
                    .exists();
            assertThat(Files.readAllLines(stored)).isEqualTo(current(database).text());
        }
    }

    @Test
    void after_the_first_release_there_is_one_to_compare_with() throws Exception {
        assertThat(hasReleaseToCompareWith(version(), releases()))
                .as(
                        "version %s comes after %s, and %s has no release: see CONTRIBUTING.md",
                        version(), FIRST_RELEASE, FOLDER)
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "0.2.0-SNAPSHOT, '', true",
        "0.2.0, 0.2.0, true",
        "0.2.1-SNAPSHOT, '', false",
        "0.3.0-SNAPSHOT, 0.2.0, true",
        "0.3.0, 0.3.0, false",
        "1.0.0, '', false",
        "1.0.0, 0.9.0, true"
    })
    void the_rule_about_versions(String version, String releases, boolean holds) {
        assertThat(hasReleaseToCompareWith(version, releases.isEmpty() ? List.of() : List.of(releases)))
                .isEqualTo(holds);
    }

    /** The rule itself, on a small schema. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "CREATE TABLE other (id BIGINT NOT NULL)                          | ``",
                "ALTER TABLE item ADD COLUMN note VARCHAR(10)                     | ``",
                "ALTER TABLE item ADD COLUMN note VARCHAR(10) DEFAULT '' NOT NULL | ``",
                "ALTER TABLE item DROP CONSTRAINT item_kind                       | ``",
                "CREATE INDEX item_name ON item (name)                            | ``",
                "ALTER TABLE item ADD COLUMN note VARCHAR(10) NOT NULL            | column item.note is new, not null and without a default",
                "ALTER TABLE item DROP COLUMN unused                              | column item.unused is gone",
                "ALTER TABLE item RENAME COLUMN unused TO used                    | column item.unused is gone",
                "ALTER TABLE lonely RENAME TO alone                               | column lonely.id is gone",
                "ALTER TABLE item ALTER COLUMN unused SET NOT NULL                | column item.unused was",
                "ALTER TABLE item ALTER COLUMN amount DROP DEFAULT                 | column item.amount was",
                "ALTER TABLE item ALTER COLUMN name DROP NOT NULL                 | column item.name was",
                "ALTER TABLE item ALTER COLUMN unused SET DATA TYPE VARCHAR(5)    | column item.unused was",
                "ALTER TABLE item DROP CONSTRAINT item_once                       | unique item (name) is gone",
                "ALTER TABLE item ADD CONSTRAINT item_twice UNIQUE (amount)        | unique item (amount) is new",
                "ALTER TABLE item ADD CONSTRAINT item_count CHECK (amount > 5)     | check item ",
                "ALTER TABLE item ADD CONSTRAINT item_ref FOREIGN KEY (amount) REFERENCES lonely (id) | reference item amount to lonely is new",
                "DROP VIEW items                                                  | column items.name is gone"
            })
    void the_rule_about_schemas(String change, String problem) {
        for (TestDatabase database : List.of(TestDatabase.H2, TestDatabase.POSTGRESQL)) {
            DriverManagerDataSource dataSource =
                    new DriverManagerDataSource(database.newUrl(), database.username(), "");
            JdbcTemplate jdbc = new JdbcTemplate(dataSource);
            for (String sql : List.of(
                    "CREATE TABLE lonely (id BIGINT PRIMARY KEY)",
                    "CREATE TABLE item (id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name VARCHAR(20) NOT NULL,"
                            + " unused VARCHAR(20), amount BIGINT DEFAULT 0 NOT NULL, kind INT,"
                            + " CONSTRAINT item_once UNIQUE (name), CONSTRAINT item_kind CHECK (kind > 0))",
                    "CREATE VIEW items AS SELECT name FROM item")) {
                jdbc.execute(sql);
            }
            SchemaDescription before =
                    SchemaDescription.parse(SchemaDescription.of(dataSource).text());

            jdbc.execute(change);

            List<String> problems = before.problemsOn(SchemaDescription.of(dataSource));
            if (problem.isEmpty()) {
                assertThat(problems).as(database + ": " + change).isEmpty();
            } else {
                assertThat(problems)
                        .as(database + ": " + change)
                        .anySatisfy(found -> assertThat(found).startsWith(problem));
            }
        }
    }

    private static boolean hasReleaseToCompareWith(String version, List<String> releases) {
        boolean first = FIRST_RELEASE.equals(version.replace(SNAPSHOT, ""));
        return first || releases.stream().anyMatch(release -> !release.equals(version));
    }

    /** In the order of their versions. */
    private static List<String> releases() throws IOException {
        if (!Files.isDirectory(FOLDER)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(FOLDER)) {
            return folders.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .sorted(Comparator.comparing(ModuleDescriptor.Version::parse))
                    .toList();
        }
    }

    private static String version() throws Exception {
        var pom = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(Path.of("pom.xml").toFile());
        return XPathFactory.newInstance().newXPath().evaluate("/project/version", pom);
    }

    private static String file(TestDatabase database) {
        return database.name().toLowerCase(Locale.ROOT) + ".txt";
    }

    private static SchemaDescription current(TestDatabase database) {
        try (HikariDataSource migrated = database.newMigrated(1)) {
            return SchemaDescription.of(migrated);
        }
    }
}
