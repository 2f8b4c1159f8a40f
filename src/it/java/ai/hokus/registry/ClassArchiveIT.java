package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.chaos.Children;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/deployment.md says how a start is prepared: what it says is done here, and the start takes what was left behind. */
class ClassArchiveIT {

    private static final Path DOCUMENT = Path.of("docs", "deployment.md");
    private static final String BEGIN = "<!-- archive -->\n```sh\n";
    private static final long TIMEOUT_SECONDS = 120;

    @TempDir
    Path directory;

    @Test
    void the_documented_commands_make_an_archive_that_fits() throws Exception {
        Files.copy(Path.of(System.getProperty("application.jar")), directory.resolve("registration-outbox.jar"));

        assertSucceeds(List.of("sh", "-e", "-c", documented()));

        // Xshare:on: a start that cannot use the archive fails; without it nobody would notice.
        assertSucceeds(List.of(
                "java",
                "-Xshare:on",
                "-XX:SharedArchiveFile=service/classes.jsa",
                "-Dspring.context.exit=onRefresh",
                "-jar",
                "service/registration-outbox.jar"));
    }

    private static String documented() throws IOException {
        String text = Files.readString(DOCUMENT);
        int begin = text.indexOf(BEGIN);
        assertThat(begin).as("%s has the commands", DOCUMENT).isNotNegative();
        return text.substring(begin + BEGIN.length(), text.indexOf("```", begin + BEGIN.length()));
    }

    /** With this JVM's {@code java}. */
    private void assertSucceeds(List<String> command) throws IOException, InterruptedException {
        Path log = directory.resolve("log");
        Path java = Path.of(System.getProperty("java.home"), "bin");
        ProcessBuilder builder =
                new ProcessBuilder("env", "PATH=" + java + ":" + System.getenv("PATH")).directory(directory.toFile());
        builder.command().addAll(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("REDIS") || name.startsWith("SPRING"));
        Process process = Children.start(builder.redirectErrorStream(true).redirectOutput(log.toFile()));
        try {
            assertThat(process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS))
                    .as("%s ends", command)
                    .isTrue();
            assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        } finally {
            Children.kill(process);
        }
    }
}
