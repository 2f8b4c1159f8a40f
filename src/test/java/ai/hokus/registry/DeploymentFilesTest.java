package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What can be checked of the image and of docker-compose.yml without a container engine. A variable that the service does not
 * know would be ignored silently, and found out in production.
 */
class DeploymentFilesTest {

    /** The contract: what the service reads from its environment. */
    private static final Set<String> KNOWN_VARIABLES = Set.of(
            "PORT",
            "REDIS_URL",
            "REDIS_HOST",
            "REDIS_PORT",
            "REDIS_AUTH_TOKEN",
            "REDIS_USERNAME",
            "REDIS_TLS_ENABLED",
            "SPRING_DATASOURCE_URL",
            "SPRING_DATASOURCE_USERNAME",
            "SPRING_DATASOURCE_PASSWORD",
            "REGISTRY_OUTBOX_PARTITIONS",
            "REGISTRY_OUTBOX_ENVIRONMENT",
            "LOGGING_STRUCTURED_FORMAT_CONSOLE",
            "API_KEYS_FILE",
            "AUTH_SERVICE_URL",
            "AUTH_SERVICE_ID",
            "CLOUDWATCH_NAMESPACE",
            "CLOUDWATCH_REGION",
            "CLOUDWATCH_STEP");

    private static final Set<String> SERVICE_KEYS = Set.of(
            "build",
            "cap_drop",
            "command",
            "depends_on",
            "entrypoint",
            "environment",
            "healthcheck",
            "image",
            "mem_limit",
            "ports",
            "profiles",
            "read_only",
            "restart",
            "security_opt",
            "stop_grace_period",
            "tmpfs",
            "volumes");

    /** NAME:TAG or a digest, in compose (where a variable may give the tag) and in the Dockerfile. */
    private static final Pattern PINNED = Pattern.compile("[^:@]+(:[^:@]*[0-9]+\\.[0-9]+[^:@]*|@sha256:[0-9a-f]{64})");

    @Test
    void compose_has_only_keys_that_compose_knows_and_references_that_exist() {
        Map<String, Object> compose = compose();
        assertThat(compose.keySet()).isSubsetOf("name", "services", "volumes");
        assertThat(services().keySet()).containsExactlyInAnyOrder("service", "postgres", "redis", "consumer");
        services().forEach((name, service) -> {
            assertThat(service.keySet()).as(name).isSubsetOf(SERVICE_KEYS);
            assertThat(service).as(name).containsKey("image");
            map(service.getOrDefault("depends_on", Map.of())).forEach((dependency, condition) -> {
                assertThat(services()).as(name).containsKey(dependency);
                assertThat(services().get(dependency))
                        .as("%s waits for %s to be healthy", name, dependency)
                        .containsKey("healthcheck");
            });
            for (Object volume : list(service.getOrDefault("volumes", List.of()))) {
                if (volume instanceof String named) {
                    assertThat(map(compose.get("volumes")))
                            .as(name)
                            .containsKey(named.substring(0, named.indexOf(':')));
                } else if (String.valueOf(map(volume).get("source")).startsWith("./")) {
                    assertThat(Path.of(String.valueOf(map(volume).get("source"))))
                            .exists();
                }
            }
        });
    }

    @Test
    void the_service_is_given_only_variables_that_it_knows() {
        assertThat(map(services().get("service").get("environment")).keySet()).isSubsetOf(KNOWN_VARIABLES);
    }

    @Test
    void the_tasks_in_production_are_given_only_variables_that_the_service_knows() {
        assertThat(variablesOfTheTasks())
                .contains("REDIS_HOST", "SPRING_DATASOURCE_PASSWORD")
                .isSubsetOf(KNOWN_VARIABLES);
    }

    @Test
    void the_document_names_every_variable_of_the_tasks() {
        String table = read("docs/deployment.md");
        table = table.substring(table.indexOf("Set by Terraform"), table.indexOf("Locally, `docker-compose.yml`"));
        Set<String> names = new TreeSet<>();
        Matcher name = Pattern.compile("`([A-Z][A-Z0-9]*_?[A-Z0-9_]+)`").matcher(table);
        while (name.find()) {
            names.add(name.group(1));
        }
        assertThat(names).isEqualTo(variablesOfTheTasks());
    }

    private static Set<String> variablesOfTheTasks() {
        Set<String> names = new TreeSet<>();
        Matcher locals = Pattern.compile("(?s)locals \\{.*?\n}").matcher(read("infra/modules/service/main.tf"));
        while (locals.find()) {
            Matcher name =
                    Pattern.compile("\\b([A-Z][A-Z0-9]*_?[A-Z0-9_]+)\\s+=").matcher(locals.group());
            while (name.find()) {
                names.add(name.group(1));
            }
        }
        return names;
    }

    @Test
    void images_are_pinned() {
        services().forEach((name, service) -> {
            String image = String.valueOf(service.get("image"));
            if (service.containsKey("build")) {
                assertThat(image).as("built here: named by its version").contains(":${VERSION");
            } else {
                assertThat(image).as(name).matches(PINNED);
            }
        });
        Set<String> stages = new TreeSet<>();
        for (String line : lines("Dockerfile", "FROM ")) {
            String[] words = line.split(" ");
            assertThat(stages.contains(words[1]) || PINNED.matcher(words[1]).matches())
                    .as(line)
                    .isTrue();
            if (words.length == 4) {
                stages.add(words[3]);
            }
        }
        assertThat(stages).isNotEmpty();
    }

    @Test
    void no_secret_stands_in_compose() {
        services()
                .forEach((name, service) -> map(service.getOrDefault("environment", Map.of()))
                        .forEach((variable, value) -> {
                            if (variable.matches(".*(PASSWORD|TOKEN|SECRET).*")) {
                                assertThat(String.valueOf(value))
                                        .as("%s of %s comes from outside, and its absence is said", variable, name)
                                        .matches("\\$\\{[A-Z_]+:\\?.+}");
                            }
                            assertThat(String.valueOf(value)).as(variable).doesNotContainPattern("://[^/]*:[^/]*@");
                        }));
    }

    @Test
    void redis_and_the_service_do_not_wait_for_each_other() {
        assertThat(map(services().get("service").get("depends_on"))).doesNotContainKey("redis");
        String command = String.valueOf(services().get("redis").get("command"));
        assertThat(command).contains("--requirepass", "--appendonly yes", "--maxmemory-policy noeviction");
        assertThat(services().get("consumer").get("profiles")).isEqualTo(List.of("demo"));
    }

    @Test
    void no_ssm_parameter_is_read_anywhere() {
        try (Stream<Path> files = Files.walk(Path.of("infra/modules"))) {
            assertThat(files.filter(Files::isRegularFile).map(Path::toString).map(DeploymentFilesTest::read))
                    .isNotEmpty()
                    .noneMatch(text -> Pattern.compile("aws_ssm_|\"ssm:|:ssm:")
                            .matcher(text)
                            .find());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void the_image_runs_as_a_user_without_a_shell_around_java() {
        String dockerfile = read("Dockerfile");
        String image = dockerfile.substring(dockerfile.lastIndexOf("\nFROM "));
        assertThat(image).contains("\nUSER 10001:10001\n").contains("VOLUME [\"/tmp\", \"/app/data\"]");
        assertThat(lines("Dockerfile", "ENTRYPOINT "))
                .singleElement()
                .asString()
                .startsWith("ENTRYPOINT [\"java\", ")
                .contains("-XX:+ExitOnOutOfMemoryError", "-XX:MaxRAMPercentage=", "-XX:SharedArchiveFile=");
    }

    /** ECS does not read an image's HEALTHCHECK: the command stands in both, and must be the same. */
    @Test
    void docker_and_ecs_ask_the_same_health_check() {
        assertThat(healthCheck("infra/modules/service/main.tf", "\\[\"CMD\", "))
                .isEqualTo(healthCheck("Dockerfile", "CMD \\["));
    }

    private static List<String> healthCheck(String file, String before) {
        Matcher command = Pattern.compile(before + "(.*\"HealthProbe\".*)]").matcher(read(file));
        assertThat(command.find()).as(file).isTrue();
        return Stream.of(command.group(1).split(", "))
                .map(word -> word.replace("\"", ""))
                .toList();
    }

    @Test
    void the_health_probe_succeeds_on_200_alone(@TempDir Path classes) throws Exception {
        compileProbe(classes);
        assertThat(probe(classes, "127.0.0.1", Map.of("PORT", "{port}"), "HTTP/1.1 200 \r\n\r\n"))
                .isZero();
        assertThat(probe(classes, "127.0.0.1", Map.of("PORT", "{port}"), "HTTP/1.1 503 \r\n\r\n"))
                .isNotZero();
        assertThat(probe(classes, "127.0.0.1", Map.of("PORT", "{port}"), ""))
                .as("closed without an answer")
                .isNotZero();
    }

    @Test
    void the_health_probe_asks_where_the_service_listens_whatever_its_jvm_options_are(@TempDir Path classes)
            throws Exception {
        compileProbe(classes);
        for (Map<String, String> variables : List.of(
                Map.of("PORT", " ", "API_PORT", "{port}", "API_HOST", ""),
                Map.of("SERVER_PORT", "{port}", "PORT", "1", "API_HOST", "0.0.0.0"),
                Map.of("PORT", "{port}", "API_HOST", "127.0.0.2"),
                Map.of("PORT", "{port}", "SERVER_ADDRESS", "127.0.0.2", "API_HOST", "127.0.0.3"),
                Map.of("PORT", "{port}", "JDK_JAVA_OPTIONS", "-Xms64m -XX:+UseG1GC", "JAVA_TOOL_OPTIONS", "-Xms64m"))) {
            String address = variables.containsValue("127.0.0.2") ? "127.0.0.2" : "127.0.0.1";
            assertThat(probe(classes, address, variables, "HTTP/1.1 200 \r\n\r\n"))
                    .as("%s", variables)
                    .isZero();
        }
    }

    private static void compileProbe(Path classes) {
        int compiled = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "--release", "17", "-d", classes.toString(), "docker/HealthProbe.java");
        assertThat(compiled).isZero();
    }

    /** The exit status of the image's health check, to which one connection at this address answers this. */
    private static int probe(Path classes, String address, Map<String, String> variables, String answer)
            throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName(address))) {
            ProcessBuilder probe = new ProcessBuilder(healthCheck("Dockerfile", "CMD \\[").stream()
                    .map(word -> word.equals("java")
                            ? Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString()
                            : word.replace("/app/probe", classes.toString()))
                    .toList());
            variables.forEach((name, value) ->
                    probe.environment().put(name, value.replace("{port}", Integer.toString(server.getLocalPort()))));
            Process process = probe.redirectErrorStream(true).start();
            server.setSoTimeout(20_000);
            try (Socket socket = server.accept()) {
                byte[] request = socket.getInputStream().readNBytes("GET /live HTTP/1.1\r\n".length());
                assertThat(new String(request, StandardCharsets.US_ASCII)).isEqualTo("GET /live HTTP/1.1\r\n");
                socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                socket.shutdownOutput();
                assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            }
            return process.exitValue();
        }
    }

    private static Map<String, Map<String, Object>> services() {
        @SuppressWarnings("unchecked") // checked by the first test: every service is a mapping
        Map<String, Map<String, Object>> services =
                (Map<String, Map<String, Object>>) compose().get("services");
        return services;
    }

    private static Map<String, Object> compose() {
        return map(new Yaml(new SafeConstructor(new LoaderOptions())).load(read("docker-compose.yml")));
    }

    private static Map<String, Object> map(Object yaml) {
        assertThat(yaml).isInstanceOf(Map.class);
        @SuppressWarnings("unchecked") // YAML's keys are strings where compose has mappings
        Map<String, Object> map = (Map<String, Object>) yaml;
        return map;
    }

    private static List<Object> list(Object yaml) {
        assertThat(yaml).isInstanceOf(List.class);
        return new ArrayList<>((List<?>) yaml);
    }

    private static List<String> lines(String file, String prefix) {
        return read(file).lines().filter(line -> line.startsWith(prefix)).toList();
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
