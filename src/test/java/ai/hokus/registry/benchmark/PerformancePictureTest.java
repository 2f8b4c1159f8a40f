package ai.hokus.registry.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PerformancePictureTest {

    @Test
    void the_picture_shows_what_the_tables_say() throws Exception {
        assertThat(Files.readString(Path.of("docs", "performance.svg")))
                .as("docs/performance.svg is drawn by each benchmark that writes its table")
                .isEqualTo(PerformancePicture.of(Files.readString(Path.of("docs", "performance.md"))));
    }
}
