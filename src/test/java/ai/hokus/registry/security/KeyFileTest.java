package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.StartupRefusedException;
import ai.hokus.registry.security.KeyVerifier.Verdict;
import ai.hokus.registry.security.KeyVerifier.Verdict.Known;
import ai.hokus.registry.security.KeyVerifier.Verdict.Unknown;
import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Keys in a file: read, read again, and what happens when somebody makes a mistake in it. */
@ExtendWith(OutputCaptureExtension.class)
class KeyFileTest {

    private static final ApiKey ADAS = ApiKey.of("adas-key");
    private static final ApiKey GRACES = ApiKey.of("graces-key");
    private static final String ADA = TestKeys.line("adas-key", "ada", "model:write");
    private static final String GRACE = TestKeys.line("graces-key", "grace", "outbox:read,outbox:operate");

    private final AtomicLong now = new AtomicLong();

    @Test
    void each_line_is_a_key() {
        KeyFile keys = open(TestKeys.file("# who may", "", "  " + ADA + "\t", GRACE.replace(' ', '\t')));

        assertThat(keys.verify(ADAS, "")).isEqualTo(new Known("ada", Set.of("model:write")));
        assertThat(keys.verify(GRACES, "")).isEqualTo(new Known("grace", Set.of("outbox:read", "outbox:operate")));
        assertThat(keys.verify(ApiKey.of("other"), "")).isEqualTo(new Unknown());
    }

    @Test
    void the_hash_of_a_key_is_no_key() {
        KeyFile keys = open(TestKeys.file(ADA));

        assertThat(keys.verify(ApiKey.of(TestKeys.sha256("adas-key")), "")).isEqualTo(new Unknown());
    }

    @Test
    void a_change_counts_with_the_second_check_that_reads_it() throws IOException {
        Path file = TestKeys.file(ADA);
        KeyFile keys = open(file);

        writeJustNow(file, GRACE);
        assertThat(later(keys)).isInstanceOf(Known.class);
        now.addAndGet(KeyFile.CHECK_INTERVAL.toNanos() - 1);
        assertThat(keys.verify(ADAS, "")).isInstanceOf(Known.class);
        now.addAndGet(1);

        assertThat(keys.verify(ADAS, "")).isEqualTo(new Unknown());
        assertThat(keys.verify(GRACES, "")).isInstanceOf(Known.class);
    }

    @Test
    void a_change_that_is_a_second_old_counts_at_once() throws IOException {
        Path file = TestKeys.file(ADA);
        KeyFile keys = open(file);

        Files.writeString(file, GRACE);
        Files.setLastModifiedTime(
                file, FileTime.from(Instant.now().minus(KeyFile.CHECK_INTERVAL).minusSeconds(1)));

        assertThat(later(keys)).isEqualTo(new Unknown());
    }

    /** As cp does: it empties the file first. */
    @Test
    void a_file_that_is_being_written_locks_nobody_out() throws IOException {
        Path file = TestKeys.file(ADA);
        KeyFile keys = open(file);

        for (String written : List.of("", GRACE + "\n", GRACE + "\n" + ADA + "\n")) {
            writeJustNow(file, written);
            assertThat(later(keys)).isInstanceOf(Known.class);
            assertThat(keys.verify(GRACES, "")).isEqualTo(new Unknown());
        }
        assertThat(later(keys)).isInstanceOf(Known.class);
        assertThat(keys.verify(GRACES, "")).isInstanceOf(Known.class);
    }

    @Test
    void a_file_that_stays_empty_has_no_keys() throws IOException {
        Path file = TestKeys.file(ADA);
        KeyFile keys = open(file);

        Files.writeString(file, "");
        later(keys);

        assertThat(later(keys)).isEqualTo(new Unknown());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "the-key-itself grace outbox:read | has no SHA-256 (64 hexadecimal digits) as the first word of line 2",
                "aa grace outbox:read | has no SHA-256",
                "HASH grace | has 2 words in line 2 instead of three",
                "HASH grace outbox:read, outbox:operate | has 4 words in line 2",
                "HASH grace outbox:read,, | has no list of scopes, with commas between, in line 2",
                "HASH gräce outbox:read | has no user id of 1 to 255 ASCII characters in line 2",
                "SAME grace outbox:read | has in line 2 a key that an earlier line has",
            })
    void a_bad_line_is_named_and_the_keys_of_before_stay(String line, String sentence, CapturedOutput output)
            throws IOException {
        String bad = line.replace("HASH", TestKeys.sha256("graces-key")).replace("SAME", TestKeys.sha256("adas-key"));
        Path file = TestKeys.file(ADA);
        KeyFile keys = open(file);

        Files.writeString(file, ADA + "\n" + bad + "\n");

        for (int i = 0; i < 3; i++) {
            assertThat(later(keys)).isInstanceOf(Known.class);
        }
        assertThat(output.getOut()).containsOnlyOnce(sentence).doesNotContain("the-key-itself");
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(StartupRefusedException.class)
                .hasMessageContaining(sentence)
                .hasMessageNotContaining("the-key-itself");
        Files.writeString(file, GRACE);
        later(keys);
        assertThat(later(keys)).isEqualTo(new Unknown());
    }

    @Test
    void a_file_that_goes_away_changes_nothing() throws IOException {
        Path file = TestKeys.file(ADA);
        KeyFile keys = open(file);

        Files.delete(file);
        assertThat(later(keys)).isInstanceOf(Known.class);
        Files.write(file, new byte[] {(byte) 0xc3, '('});
        assertThat(later(keys)).isInstanceOf(Known.class);
        Files.write(file, "#".repeat(2 << 20).getBytes(StandardCharsets.US_ASCII));
        assertThat(later(keys)).isInstanceOf(Known.class);
    }

    @Test
    void a_file_that_goes_away_again_is_reported_again(CapturedOutput output) throws IOException {
        Path file = TestKeys.file(ADA);
        KeyFile keys = open(file);

        for (int times = 1; times <= 2; times++) {
            Files.delete(file);
            later(keys);
            later(keys);
            Files.writeString(file, ADA + "\n");
            later(keys);

            assertThat(output.getOut().lines().filter(line -> line.contains("which cannot be read")))
                    .hasSize(times);
        }
    }

    @Test
    void a_file_that_is_not_there_stops_the_start() {
        assertThatThrownBy(() -> open(Path.of("/nowhere/keys")))
                .isInstanceOf(StartupRefusedException.class)
                .hasMessageStartingWith("API_KEYS_FILE names /nowhere/keys, which cannot be read");
    }

    @Test
    void a_key_is_in_no_text_about_it() {
        assertThat(ADAS.toString() + open(TestKeys.file(ADA)).verify(ADAS, ""))
                .doesNotContain("adas")
                .doesNotContain(ADAS.sha256());
    }

    private KeyFile open(Path file) {
        return new KeyFile(file.toString(), now::get);
    }

    /** However slow this machine is. */
    private static void writeJustNow(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().plus(Duration.ofHours(1))));
    }

    private Verdict later(KeyFile keys) {
        now.addAndGet(KeyFile.CHECK_INTERVAL.toNanos());
        return keys.verify(ADAS, "");
    }
}
