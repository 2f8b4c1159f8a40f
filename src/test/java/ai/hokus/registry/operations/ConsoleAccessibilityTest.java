package ai.hokus.registry.operations;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/** The console by keyboard alone, on a phone, and as axe-core judges it, in the light and in the dark. Skipped where there is no Chromium. */
class ConsoleAccessibilityTest {

    private static final String AXE = "/axe.min.js";

    /** Enough for every link, field and button of a page. */
    private static final int MAX_TABS = 200;

    @TempDir
    static Path profile;

    private static ConsoleBrowser console;
    private static String message;

    @BeforeAll
    static void start() throws IOException {
        console = ConsoleBrowser.start(profile);
        console.register("a-model-with-a-name-that-is-as-long-as-the-names-that-people-really-give-to-models", 1, "T");
        console.register("uplift", 2, "T");
        message = console.messageId("uplift", 2);
        console.open();
        console.awaitText("pending", "0"::equals);
        console.park(message);
        console.redis.kill();
        console.register("churn", 3, "T");
        console.awaitText("verdict", "degraded"::equals);
    }

    @AfterAll
    static void stop() {
        if (console != null) {
            console.close();
        }
    }

    @Test
    void axe_finds_nothing_serious_in_the_light_and_in_the_dark() throws IOException {
        for (String scheme : List.of("light", "dark")) {
            console.prefer(scheme);
            console.forgetKey();
            console.go("/console/key?why=out");
            assertThat(seriousFindings()).as("key, " + scheme).isEmpty();
            showParked();
            assertThat(seriousFindings()).as("first page, " + scheme).isEmpty();
            console.clickLabelled("requeue message " + message);
            console.awaitText("action-answer", text -> text.contains("would be requeued"));
            console.type("reason", "to look at it");
            assertThat(seriousFindings()).as("action, " + scheme).isEmpty();
            console.go("/console/messages/" + message);
            console.awaitText("summary", text -> text.startsWith("Redis refused"));
            assertThat(seriousFindings()).as("message, " + scheme).isEmpty();
        }
    }

    @Test
    void on_a_phone_nothing_needs_scrolling_to_the_side() {
        console.devTools(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", 375, "height", 812, "deviceScaleFactor", 1, "mobile", true));
        try {
            console.prefer("light");
            console.forgetKey();
            console.go("/console/key");
            assertThat(tooWide()).isEmpty();
            console.screenshot("phone-key");
            showParked();
            assertThat(tooWide()).isEmpty();
            console.screenshot("phone");
            console.clickLabelled("requeue message " + message);
            console.awaitText("action-answer", text -> text.contains("would be requeued"));
            assertThat(tooWide()).isEmpty();
            console.screenshot("phone-action");
            console.go("/console/messages/" + message);
            console.awaitText("summary", text -> text.startsWith("Redis refused"));
            assertThat(tooWide()).isEmpty();
            console.screenshot("phone-message");
        } finally {
            console.devTools("Emulation.clearDeviceMetricsOverride", Map.of());
        }
    }

    @Test
    void an_action_is_done_by_keyboard_alone() {
        console.forgetKey();
        console.go("/console");
        console.await(() -> console.focused().equals("key"));
        console.press(TestKeys.KEY, Keys.ENTER);
        console.awaitText("verdict", "degraded"::equals);

        tabTo("pause-all");
        console.press(Keys.ENTER);
        console.await(() -> console.focused().equals("reason"));
        console.awaitText("action-answer", text -> text.contains("would be paused"));
        console.press("by keyboard", Keys.ENTER);
        console.awaitText("action-answer", text -> text.startsWith("Done."));
        assertThat(console.focused()).isEqualTo("close");
        console.press(Keys.ENTER);
        console.await(() -> !console.element("action").isDisplayed());
        assertThat(console.focused()).as("where it was before").isEqualTo("pause-all");
        console.await(() -> console.text("operations").contains("by keyboard"));

        console.press(Keys.TAB, Keys.ENTER);
        console.awaitText("action-answer", text -> text.contains("would be resumed"));
        console.press(Keys.ESCAPE);
        console.await(() -> !console.element("action").isDisplayed());
    }

    private static void tabTo(String id) {
        for (int tabs = 0; tabs < MAX_TABS && !console.focused().equals(id); tabs++) {
            console.press(Keys.TAB);
        }
        assertThat(console.focused()).isEqualTo(id);
    }

    private static void showParked() {
        console.go("/console");
        console.await(() -> !console.address().equals("/console")
                || !console.text("pending").equals("…"));
        if (!console.address().equals("/console")) {
            console.enterKey(TestKeys.KEY);
            console.awaitAddress("/console");
        }
        console.awaitText("verdict", "degraded"::equals);
        console.choose("state", "parked");
        console.await(() -> console.text("messages").contains(message));
        console.await(() -> console.elements("td.empty").stream()
                .noneMatch(cell -> cell.getText().equals("Loading …")));
    }

    /** What axe-core calls serious or critical: the rule, and where. */
    private static List<?> seriousFindings() throws IOException {
        try (InputStream axe = ConsoleAccessibilityTest.class.getResourceAsStream(AXE)) {
            console.script(new String(Objects.requireNonNull(axe).readAllBytes(), StandardCharsets.UTF_8));
        }
        return (List<?>) console.scriptAsync("""
                const done = arguments[arguments.length - 1];
                axe.run().then(r => done(r.violations.filter(v => ['serious', 'critical'].includes(v.impact))
                  .map(v => v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html).join(' '))), e => done([String(e)]));
                """);
    }

    /** Elements that reach over the right edge, where the page, a table or the dialog can be scrolled to the side. */
    private static List<?> tooWide() {
        return (List<?>) console.script("""
                return [document.documentElement, ...document.querySelectorAll('.scroll, dialog[open]')]
                  .filter(box => box.scrollWidth > box.clientWidth)
                  .flatMap(box => [...box.querySelectorAll('*')].filter(e =>
                    e.getBoundingClientRect().right > box.getBoundingClientRect().left + box.clientWidth))
                  .map(e => e.outerHTML.slice(0, 200));
                """);
    }
}
