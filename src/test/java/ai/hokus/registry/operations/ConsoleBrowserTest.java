package ai.hokus.registry.operations;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/**
 * The console in a real browser, over the whole service and a real Redis that is killed and comes back. Skipped where there
 * is no Chromium. Screenshots are in {@code target/console}.
 */
class ConsoleBrowserTest {

    @TempDir
    static Path profile;

    private static ConsoleBrowser console;

    @BeforeAll
    static void start() throws IOException {
        console = ConsoleBrowser.start(profile);
    }

    @AfterAll
    static void stop() {
        if (console != null) {
            console.close();
        }
    }

    @Test
    void an_operator_sees_an_outage_its_end_and_requeues_a_parked_message() {
        console.open();
        console.awaitText("verdict", "healthy"::equals);
        console.awaitText("redis", "reachable"::equals);
        console.register("churn", 1, "T");
        console.await(() -> copies(console.messageId("churn", 1)) == 1);
        console.lookAgain();
        console.awaitText("throughput-words", text -> text.startsWith("In the last day"));

        console.redis.kill();
        for (int version = 2; version <= 25; version++) {
            console.register(version % 3 == 0 ? "uplift" : version % 3 == 1 ? "churn" : "fraud-score", version, "T");
        }
        console.awaitText("verdict", "degraded"::equals);
        console.awaitText("redis", "unreachable"::equals);
        console.awaitText("pending", "24"::equals);
        assertThat(console.text("findings")).contains("Redis takes nothing");
        console.awaitRows("messages", 20);
        console.click("next");
        console.awaitRows("messages", 4);
        console.click("first");
        console.awaitRows("messages", 20);
        screenshots("degraded");

        console.redis.restart();
        console.awaitText("verdict", "healthy"::equals);
        console.awaitText("pending", "0"::equals);

        String parked = console.messageId("uplift", 24);
        console.park(parked);
        console.awaitText("parked", "1"::equals);
        console.choose("state", "parked");
        console.await(() -> console.text("messages").contains(parked));
        console.clickLabelled("requeue message " + parked);
        console.awaitText("action-answer", text -> text.contains("would be requeued"));
        assertThat(console.element("execute").isEnabled())
                .as("without a reason")
                .isFalse();
        console.type("reason", "the element is allowed again");
        screenshots("action");
        console.click("execute");
        console.awaitText("action-answer", text -> text.startsWith("Done."));
        console.click("close");

        console.awaitText("parked", "0"::equals);
        console.awaitText("pending", "0"::equals);
        console.await(() -> console.text("operations").contains("the element is allowed again"));
        console.await(() -> console.queued().stream()
                        .filter(element -> element.contains(parked))
                        .count()
                == 1);
        console.go("/console/messages/" + parked);
        console.awaitText("summary", text -> text.startsWith("It is in Redis"));
        assertThat(console.text("events"))
                .containsSubsequence("Registered", "Claimed", "Parked", "Requeued", "Sent again, copy 1", "Delivered");
        screenshots("message");
    }

    @Test
    void the_host_alone_leads_to_the_page_which_asks_for_a_key_before_it_asks_for_anything_else() {
        double unauthorized = console.unauthorizedRequests();
        console.forgetKey();
        console.go("/");

        console.awaitAddress("/console/key");
        console.await(() -> console.focused().equals("key"));
        // Two polls' time of the page's own clock, however slow the machine.
        console.scriptAsync("setTimeout(arguments[0], 5000)");
        assertThat(console.asked()).isEmpty();
        screenshots("key");
        console.press(Keys.ENTER);
        assertThat(console.asked()).as("an empty key is none").isEmpty();

        console.enterKey(TestKeys.KEY);
        console.awaitAddress("/console");
        console.awaitText("verdict", "healthy"::equals);
        assertThat(console.element("trouble").isDisplayed()).isFalse();
        assertThat(console.unauthorizedRequests()).isEqualTo(unauthorized);

        console.reload();
        console.awaitText("verdict", "healthy"::equals);
        assertThat(console.address()).as("the key is remembered").isEqualTo("/console");
        console.click("sign-out");
        console.awaitAddress("/console/key?why=out");
        console.go("/console");
        console.awaitAddress("/console/key");
        assertThat(console.unauthorizedRequests()).isEqualTo(unauthorized);
    }

    /** Nothing waits for a second round: the first look asks for all that the page shows. */
    @Test
    void everything_is_asked_for_at_once_and_says_that_it_is_loading_until_it_is_there() {
        console.forgetKey();
        console.script("sessionStorage.setItem('api-key', '" + TestKeys.KEY + "')");
        String beforeEachPage =
                (String) ((Map<?, ?>) console.devTools("Page.addScriptToEvaluateOnNewDocument", Map.of("source", """
                                window.asked = [];
                                const real = window.fetch;
                                window.fetch = (url, options) => { asked.push(url); return new Promise(go => { window.letGo = go; })
                                  .then(() => real(url, options)); };
                                """)))
                        .get("identifier");
        console.go("/console");
        console.await(() -> ((List<?>) console.script("return asked")).size() == 8);
        assertThat(console.elements("section:not([hidden]) td.empty"))
                .hasSizeGreaterThan(4)
                .allMatch(cell -> cell.getText().equals("Loading …"));
        console.devTools("Page.removeScriptToEvaluateOnNewDocument", Map.of("identifier", beforeEachPage));
    }

    @Test
    void a_key_that_is_wrong_or_may_not_look_is_told_so_and_not_remembered() {
        double unauthorized = console.unauthorizedRequests();
        console.forgetKey();
        console.go("/console");
        console.enterKey("no-such-key");
        console.awaitText("trouble", text -> text.contains("does not know this API key"));
        assertThat(console.unauthorizedRequests()).isEqualTo(unauthorized + 1);
        console.enterKey("clé");
        console.awaitText("trouble", text -> text.contains("does not know this API key"));
        console.enterKey(ConsoleBrowser.CLIENT_KEY);
        console.awaitText("trouble", text -> text.contains("no permission") && text.contains("outbox:read"));
        assertThat(console.address()).isEqualTo("/console/key");
        assertThat(console.script("return sessionStorage.length")).isEqualTo(0L);
    }

    @Test
    void a_key_that_became_invalid_leads_to_the_page_that_asks_for_one_and_back() {
        console.register("gone", 1, "T");
        String page = "/console/messages/" + console.messageId("gone", 1);
        console.forgetKey();
        console.script("sessionStorage.setItem('api-key', 'revoked')");
        console.go(page);
        console.awaitText("trouble", text -> text.contains("no longer accepts"));
        console.enterKey(TestKeys.KEY);
        console.awaitAddress(page);
    }

    @Test
    void a_key_that_may_only_look_is_told_so_before_it_tries_to_act() {
        console.forgetKey();
        console.go("/console");
        console.enterKey(ConsoleBrowser.READER_KEY);
        console.awaitAddress("/console");
        console.click("pause-all");
        console.awaitText("action-answer", text -> text.contains("outbox:operate"));
        console.type("reason", "to try");
        assertThat(console.element("execute").isEnabled()).isFalse();
        console.press(Keys.ESCAPE);
        console.await(() -> !console.element("action").isDisplayed());
    }

    @Test
    void a_paused_partition_shows_its_fence_and_can_be_resumed_though_it_is_stopped() {
        console.open();
        change("pause");
        console.await(() -> console.text("partitions").matches("(?s).*paused fenced.*"));
        console.stopPartition(true);
        try {
            console.await(() -> console.text("partitions").matches("(?s).*stopped paused (not )?fenced.*"));
            change("resume");
        } finally {
            console.stopPartition(false);
        }
        console.awaitText("verdict", "healthy"::equals);
    }

    private static void change(String change) {
        console.clickLabelled(change + " partition 0");
        console.awaitText("action-answer", text -> text.contains("would be " + change));
        console.type("reason", "to try");
        console.click("execute");
        console.awaitText("action-answer", text -> text.startsWith("Done."));
        console.click("close");
    }

    @Test
    void one_message_is_found_by_model_version_token_or_id() {
        for (int version = 101; version <= 104; version++) {
            console.register("needle", version, "token-" + version);
        }
        console.open();
        console.choose("state", "any");

        console.type("model", "needle");
        console.click(By.cssSelector("#search button"));
        console.awaitRows("messages", 4);
        console.type("version", "102");
        console.press(Keys.ENTER);
        console.awaitRows("messages", 1);
        assertThat(console.text("messages")).contains("needle", "102", "token-102");
        console.element("model").clear();
        console.type("version", "103");
        console.press(Keys.ENTER);
        console.await(() -> console.text("messages").contains("token-103"));
        console.awaitRows("messages", 1);
        console.element("version").clear();
        console.type("token", "token-104");
        console.press(Keys.ENTER);
        console.await(() -> console.text("messages").contains("token-104"));
        console.awaitRows("messages", 1);
        console.type("token", "nobody's");
        console.press(Keys.ENTER);
        console.awaitText("messages", text -> text.contains("No message matches."));

        String id = console.messageId("needle", 104);
        console.type("message-id", id);
        console.press(Keys.ENTER);
        console.awaitAddress("/console/messages/" + id);
        console.awaitText("facts", text -> text.contains("needle") && text.contains("104"));
    }

    @Test
    void a_messages_address_can_be_sent_to_somebody_who_has_no_key_in_his_browser_yet() {
        console.register("shared", 7, "T7");
        String page = "/console/messages/" + console.messageId("shared", 7);
        double unauthorized = console.unauthorizedRequests();
        console.forgetKey();
        console.go(page);
        console.await(() -> console.address().startsWith("/console/key?"));
        console.enterKey(TestKeys.KEY);
        console.awaitAddress(page);
        console.awaitText("facts", text -> text.contains("shared") && text.contains("T7"));
        console.reload();
        console.awaitText("facts", text -> text.contains("shared"));
        assertThat(console.text("payload")).contains("\"model_name\": \"shared\"");
        assertThat(console.unauthorizedRequests()).isEqualTo(unauthorized);

        console.go("/console/messages/00000000-0000-0000-0000-000000000000");
        console.awaitText("trouble", text -> text.startsWith("There is no message"));
        console.go("/console/messages/first");
        console.awaitText("summary", "first is not a message id."::equals);
    }

    @Test
    void what_consumers_left_lying_is_shown_and_put_back() throws IOException {
        console.open();
        console.register("lost", 1, "T");
        String dead = console.messageId("lost", 1);
        console.await(() -> console.queued().stream().anyMatch(element -> element.contains(dead)));
        try (RedisConnection consumer = console.redis.connect()) {
            String element = String.valueOf(
                    consumer.command("RPOPLPUSH", ConsoleBrowser.QUEUE, ConsoleBrowser.QUEUE + ":processing"));
            for (int n = 0; n < 100 && !element.contains(dead); n++) {
                element = String.valueOf(
                        consumer.command("RPOPLPUSH", ConsoleBrowser.QUEUE, ConsoleBrowser.QUEUE + ":processing"));
            }
            console.await(() -> console.text("elements").contains(dead));
            screenshots("consumers");

            consumer.command("ACL", "SETUSER", "default", "-rpush");
            try {
                putBackAtOnce(dead);
                console.awaitText(
                        "action-answer",
                        text -> text.startsWith("Redis refused") && text.contains("close this and open it again"));
            } finally {
                consumer.command("ACL", "SETUSER", "default", "+rpush");
            }
            console.click("close");
            putBackAtOnce(dead);
            console.awaitText("action-answer", text -> text.startsWith("Done."));
            console.click("close");
            console.await(() -> !console.text("elements").contains(dead));
            assertThat(consumer.command("LINDEX", ConsoleBrowser.QUEUE, "-1")).isEqualTo(element);

            consumer.command("RPOPLPUSH", ConsoleBrowser.QUEUE, ConsoleBrowser.QUEUE + ":dlq");
        }
        console.go("/console/messages/" + dead);
        console.awaitText("summary", text -> text.startsWith("Consumers gave it up"));
        console.awaitText("events", text -> text.contains("Dead lettered"));
        console.click(By.xpath("//p[@id='message-actions']/button[text()='Put back …']"));
        console.awaitText("action-answer", text -> text.contains("would go back to the queue"));
        console.press("mended", Keys.ENTER);
        console.awaitText("action-answer", text -> text.startsWith("Done."));
        console.await(() -> console.queued().stream().anyMatch(element -> element.contains(dead)));
        console.click("close");
        console.awaitText("summary", text -> text.contains("It may have been put back since."));
    }

    @Test
    void many_dead_letters_do_not_hide_what_is_stuck() {
        String dlq = ConsoleBrowser.QUEUE + ":dlq", processing = ConsoleBrowser.QUEUE + ":processing";
        try (RedisConnection consumer = console.redis.connect()) {
            console.open();
            consumer.command("DEL", dlq, processing);
            for (int n = 1; n <= 120; n++) {
                consumer.command("LPUSH", dlq, "{\"message_id\":\"dead-" + n + "\"}");
            }
            consumer.command("LPUSH", processing, "{\"message_id\":\"taken-1\"}");
            console.awaitRows("elements", 51);
            assertThat(console.text("elements")).contains("taken-1", "dead-50").doesNotContain("dead-51");
            assertThat(console.text("elements-words")).isEqualTo("The first 50 of 120 dead letters.");
        } finally {
            console.redis.run("DEL", dlq, processing);
        }
    }

    @Test
    void a_message_that_waits_in_a_paused_partition_is_not_promised_to_be_sent() {
        console.open();
        change("pause");
        try {
            console.register("halted", 1, "T");
            console.go("/console/messages/" + console.messageId("halted", 1));
            console.awaitText(
                    "summary",
                    text -> text.endsWith(
                            "Its partition is paused: nothing is sent from there before an operator resumes it."));
        } finally {
            console.open();
            change("resume");
        }
    }

    @Test
    void what_an_action_would_do_is_asked_again_when_it_was_asked_long_ago() {
        console.open();
        deliver("old", 1);
        previewResend("old");
        deliver("old", 2);
        console.type("reason", "lost");
        console.script("const now = Date.now; Date.now = () => now() + 3600000");

        console.click("execute");

        console.awaitText("action-answer", text -> text.startsWith("2 messages"));
        assertThat(console.element("execute").isEnabled()).isTrue();
        console.click("close");
    }

    @Test
    void a_dry_run_that_failed_is_asked_again() {
        console.open();
        deliver("unlucky", 1);
        previewResend("unlucky");
        console.type("reason", "lost");
        console.script("""
                const now = Date.now, realFetch = window.fetch;
                window.fetch = (url, options) => {
                  if (!options.body || window.failed) return realFetch(url, options);
                  window.failed = true;
                  return Promise.resolve(new Response('<html>', { status: 503 }));
                };
                Date.now = () => now() + 3600000;
                """);

        console.awaitText("action-answer", text -> text.contains("503"));
        console.awaitText("action-answer", text -> text.startsWith("1 messages"));

        assertThat(console.element("execute").isEnabled()).isTrue();
        console.click("close");
    }

    private static void putBackAtOnce(String messageId) {
        console.clickLabelled("put back message " + messageId);
        console.awaitText("action-answer", text -> text.contains("less than"));
        console.type("field-older_than", "PT0S");
        console.press(Keys.TAB);
        console.awaitText("action-answer", text -> text.contains("would go back to the queue"));
        console.press("its consumer died", Keys.ENTER);
    }

    /** Consumers write what they like: seconds, days in words, times without a zone or far away, ids that are no text. */
    @Test
    void one_odd_element_does_not_hide_the_others() {
        String dlq = ConsoleBrowser.QUEUE + ":dlq";
        List<String> times = List.of(
                "1764072000.12",
                "yesterday",
                "25/11/2026 12:00",
                "+999999999-12-31T23:59:59Z",
                "2026-11-25T12:00:00.123456");
        console.devTools("Emulation.setTimezoneOverride", Map.of("timezoneId", "America/New_York"));
        try (RedisConnection consumer = console.redis.connect()) {
            console.open();
            consumer.command("DEL", dlq, ConsoleBrowser.QUEUE + ":processing");
            for (String time : times) {
                consumer.command("LPUSH", dlq, "{\"message_id\":\"at " + time + "\",\"failed_at\":\"" + time + "\"}");
            }
            consumer.command("LPUSH", dlq, "{\"message_id\":\"half \\ud83d\"}");
            console.awaitRows("elements", times.size() + 1);
            String shown = String.valueOf(
                    console.script("return document.getElementById('elements').innerText.toWellFormed()"));
            assertThat(shown)
                    .contains("at 1764072000.12", "at yesterday", "+999999999-12-31T23:59:59Z (–)", "half ")
                    .contains("2026-11-25 12:00:00Z");
        } finally {
            console.redis.run("DEL", dlq);
            console.devTools("Emulation.setTimezoneOverride", Map.of("timezoneId", ""));
        }
    }

    /** An action may work for longer than an operator looks at its dialog. */
    @Test
    void a_late_answer_is_not_shown_in_the_dialog_of_the_next_action() {
        console.open();
        console.script("""
                const realFetch = window.fetch;
                window.fetch = (url, options) => !options.headers['Idempotency-Key'] ? realFetch(url, options)
                  : new Promise((go) => { window.letGo = () => go(Response.json({ executed: true, detail: 'late' })); });
                """);
        console.click("pause-all");
        console.awaitText("action-answer", text -> text.contains("would be paused"));
        console.type("reason", "first");
        console.click("execute");
        console.await(() -> Boolean.TRUE.equals(console.script("return !!window.letGo")));
        console.click("close");

        console.click("pause-all");
        console.awaitText("action-answer", text -> text.contains("would be paused"));
        console.type("reason", "second");
        console.scriptAsync("window.letGo(); setTimeout(arguments[0], 1000)");

        assertThat(console.text("action-answer")).contains("would be paused").doesNotContain("late");
        assertThat(console.element("execute").isEnabled()).isTrue();
        console.click("close");
    }

    /** The service sends the message again; the load balancer answers first. */
    @Test
    void what_was_answered_with_5xx_is_repeated_under_its_key_and_done_once() {
        console.open();
        deliver("doubtful", 1);
        String id = console.messageId("doubtful", 1);
        console.script("""
                window.waits = [];
                const realTimeout = AbortSignal.timeout, realFetch = window.fetch;
                AbortSignal.timeout = (ms) => { waits.push(ms); return realTimeout.call(AbortSignal, ms); };
                window.fetch = (url, options) => realFetch(url, options).then((answer) => {
                  if (!options.headers['Idempotency-Key'] || window.failed) return answer;
                  window.failed = true;
                  return new Response('<html>', { status: 504 });
                });
                """);
        previewResend("doubtful");
        console.type("reason", "lost");
        console.click("execute");
        console.awaitText("action-answer", text -> text.contains("504") && text.endsWith("does not do it twice."));
        console.click("execute");
        console.awaitText("action-answer", text -> text.startsWith("This was begun under the same Idempotency-Key"));
        assertThat(console.element("execute").isEnabled()).isFalse();
        console.click("close");

        console.await(() -> copies(id) == 2);
        console.await(() -> console.text("pending").equals("0"));
        assertThat(copies(id)).isEqualTo(2);
        assertThat((List<?>) console.script("return waits"))
                .as("an action may work for longer than a look")
                .anyMatch(Long.valueOf(40_000)::equals)
                .anyMatch(Long.valueOf(10_000)::equals);
    }

    private void deliver(String model, int version) {
        console.register(model, version, "T");
        console.await(() -> copies(console.messageId(model, version)) == 1);
    }

    /** Of a model with one message. The dialog stays open. */
    private void previewResend(String model) {
        console.click("resend");
        console.type("field-model", model);
        console.press(Keys.TAB);
        console.awaitText("action-answer", text -> text.startsWith("1 messages"));
    }

    private static long copies(String messageId) {
        return console.queued().stream()
                .filter(element -> element.contains(messageId))
                .count();
    }

    @Test
    void a_service_that_does_not_answer_is_said_to_and_asked_again() {
        console.open();
        console.awaitText("verdict", "healthy"::equals);
        connect(false);
        console.awaitText("verdict", "unreachable"::equals);
        console.awaitText("trouble", text -> text.startsWith("The service does not answer."));
        assertThat(console.text("redis")).as("what was known last").isEqualTo("reachable");
        connect(true);
        console.awaitText("verdict", "healthy"::equals);
        console.await(() -> !console.element("trouble").isDisplayed());
    }

    private static void connect(boolean connected) {
        console.devTools("Network.enable", Map.of());
        console.devTools(
                "Network.emulateNetworkConditions",
                Map.of("offline", !connected, "latency", 0, "downloadThroughput", -1, "uploadThroughput", -1));
    }

    /** Every way to send a key can be entered, and what is then tried from the page is answered. */
    @Test
    void swagger_ui_takes_a_key_in_each_way_and_uses_it() {
        for (Map.Entry<String, String> way : Map.of(
                        "bearer", TestKeys.KEY, "apiKey", "ApiKey " + TestKeys.KEY, "xApiKey", TestKeys.KEY)
                .entrySet()) {
            console.go("/swagger-ui.html");
            console.click(By.cssSelector(".scheme-container button.authorize"));
            // The inputs stand in the order of the schemes.
            List<WebElement> inputs = new ArrayList<>();
            console.await(() -> {
                inputs.clear();
                inputs.addAll(console.elements(".auth-container input"));
                return inputs.size() == 3;
            });
            int at = List.of("bearer", "apiKey", "xApiKey").indexOf(way.getKey());
            inputs.get(at).sendKeys(way.getValue());
            console.elements(".auth-container button.authorize").get(at).click();
            console.click(By.cssSelector("button.btn-done"));

            console.click(By.cssSelector("[id$='-list'].opblock-get"));
            console.click(By.cssSelector("[id$='-list'] .try-out__btn"));
            console.click(By.cssSelector("[id$='-list'] button.execute"));
            String status = "[id$='-list'] .live-responses-table .response .response-col_status";
            console.await(() -> !console.elements(status).isEmpty()
                    && console.elements(status).get(0).getText().startsWith("200"));
        }
    }

    private static void screenshots(String name) {
        for (String scheme : List.of("dark", "light")) {
            console.prefer(scheme);
            console.screenshot(name + "-" + scheme);
        }
    }
}
