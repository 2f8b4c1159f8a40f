package ai.hokus.registry.support;

import com.github.dockerjava.api.model.Ulimit;
import java.util.List;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * PostgreSQL and Redis in containers, where there is an engine; each started by its first use in this JVM, and ended with
 * it. {@code -Dtest.postgres.image} and {@code -Dtest.redis.image} name other images.
 */
public final class TestContainers {

    private static final int REDIS_PORT = 6379;

    private TestContainers() {}

    public static boolean available() {
        return Engine.AVAILABLE;
    }

    /** A Redis on a port of the loopback interface. */
    public static int redisPort() {
        return Redis.CONTAINER.getMappedPort(REDIS_PORT);
    }

    static String newPostgresSchema(String schema) {
        PostgreSQLContainer server = Postgres.CONTAINER;
        String url = server.getJdbcUrl() + (server.getJdbcUrl().contains("?") ? "&" : "?") + "user="
                + server.getUsername() + "&password=" + server.getPassword();
        new JdbcTemplate(new DriverManagerDataSource(url)).execute("CREATE SCHEMA " + schema);
        return url + "&currentSchema=" + schema;
    }

    private static final class Engine {
        static final boolean AVAILABLE = DockerClientFactory.instance().isDockerAvailable();
    }

    private static final class Postgres {

        static final PostgreSQLContainer CONTAINER = start();

        private static PostgreSQLContainer start() {
            DockerImageName image = DockerImageName.parse(
                            System.getProperty("test.postgres.image", "postgres:18.1-bookworm"))
                    .asCompatibleSubstituteFor("postgres");
            PostgreSQLContainer container = new PostgreSQLContainer(image)
                    .withUsername("postgres")
                    .withDatabaseName("postgres")
                    .withCreateContainerCmdModifier(
                            command -> command.getHostConfig().withUlimits(limits()));
            container.start();
            return container;
        }
    }

    private static final class Redis {

        static final GenericContainer<?> CONTAINER = start();

        private static GenericContainer<?> start() {
            DockerImageName image =
                    DockerImageName.parse(System.getProperty("test.redis.image", "redis:7.2.11-bookworm"));
            GenericContainer<?> container = new GenericContainer<>(image)
                    .withExposedPorts(REDIS_PORT)
                    .withCreateContainerCmdModifier(
                            command -> command.getHostConfig().withUlimits(limits()));
            container.start();
            return container;
        }
    }

    /** Some machines' hard limits are lower than what an engine asks for by itself. */
    private static List<Ulimit> limits() {
        return List.of(new Ulimit("nofile", 4096L, 4096L), new Ulimit("nproc", 4096L, 4096L));
    }
}
