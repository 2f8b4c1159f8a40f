package ai.hokus.registry.operations;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.RegistrationOutboxApplication;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.support.ui.WebDriverWait;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * The console in a real browser, over the whole service and a real Redis that is killed and comes back. Skipped where there
 * is no Chromium. Screenshots are in {@code target/console}.
 */
class ConsoleBrowserTest {

    private static final List<String> BROWSERS = List.of("/usr/bin/chromium", "/usr/bin/chromium-browser");
    private static final List<String> DRIVERS = List.of("/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver");
    private static final Path SCREENSHOTS = Path.of("target", "console");

    /** A busy machine; what is waited for takes a poll or two. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

    @TempDir
    static Path profile;

    private static ChromeDriver browser;
    private static TestRedis redis;
    private static ConfigurableApplicationContext service;
    private static String base;

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @BeforeAll
    static void start() throws IOException {
        String chromium = firstThere(BROWSERS);
        String driver = firstThere(DRIVERS);
        Assumptions.assumeTrue(
                chromium != null && driver != null, "no browser here: apt-get install chromium chromium-driver");
        Files.createDirectories(SCREENSHOTS);
        redis = TestRedis.start("appendonly yes");
        service = SpringApplication.run(
                RegistrationOutboxApplication.class,
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--spring.datasource.url=" + TestDatabase.H2.newUrl(),
                "--REDIS_URL=" + redis.url(),
                "--registry.security.key-file=" + TestKeys.file(TestKeys.line()),
                "--registry.status.interval=200ms",
                "--registry.status.report-interval=1s",
                "--registry.queue.largest-element=20KB");
        base = "http://127.0.0.1:" + service.getEnvironment().getProperty("local.server.port");
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium);
        options.addArguments(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-sync",
                "--user-data-dir=" + profile);
        browser = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(Path.of(driver).toFile())
                        .build(),
                options);
        browser.manage().window().setSize(new Dimension(1280, 1500));
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.quit();
        }
        if (service != null) {
            service.close();
        }
        if (redis != null) {
            redis.close();
        }
    }

    @Test
    void an_operator_sees_an_outage_its_end_and_requeues_a_parked_message() throws IOException {
        open();
        awaitText("verdict", "healthy"::equals);
        awaitText("redis", "reachable"::equals);
        register("churn", 1, "0.81");
        awaitText("throughput-words", text -> text.startsWith("In the last day"));

        redis.kill();
        for (int version = 2; version <= 25; version++) {
            register(version % 3 == 0 ? "uplift" : version % 3 == 1 ? "churn" : "fraud-score", version, "0.8");
        }
        awaitText("verdict", "degraded"::equals);
        awaitText("redis", "unreachable"::equals);
        awaitText("pending", "24"::equals);
        assertThat(browser.findElement(By.id("findings")).getText()).contains("Redis takes nothing");
        awaitRows("messages", 20);
        browser.findElement(By.id("next")).click();
        awaitRows("messages", 4);
        browser.findElement(By.id("first")).click();
        theme("light");
        screenshot("degraded-light");
        theme("dark");
        screenshot("degraded-dark");

        redis.restart();
        awaitText("verdict", "healthy"::equals);
        awaitText("pending", "0"::equals);
        theme("light");
        screenshot("drained-light");

        String parked = park();
        awaitText("parked", "1"::equals);
        browser.findElement(By.cssSelector("#state option:nth-child(2)")).click();
        await(() -> browser.findElement(By.id("messages")).getText().contains(parked));
        screenshot("parked-light");
        lookAtTheLifeOf(parked);
        click("Requeue message " + parked);
        type("reason", "the element is allowed again");
        assertThat(browser.findElement(By.id("execute")).isEnabled()).isFalse();
        browser.findElement(By.id("dry-run")).click();
        awaitText("operation-answer", text -> text.startsWith("Dry run: ") && text.contains("would be requeued"));
        screenshot("dry-run-light");
        theme("dark");
        screenshot("dry-run-dark");
        theme("light");
        await(() -> browser.findElement(By.id("execute")).isEnabled());
        browser.findElement(By.id("execute")).click();
        awaitText("operation-answer", text -> text.startsWith("Done."));
        browser.findElement(By.id("cancel")).click();

        awaitText("parked", "0"::equals);
        awaitText("pending", "0"::equals);
        await(() -> browser.findElement(By.id("operations")).getText().contains("the element is allowed again"));
        await(() ->
                queued().stream().filter(element -> element.contains(parked)).count() == 1);
        screenshot("requeued-light");
    }

    @Test
    void the_page_can_be_used_with_the_keyboard_and_read_aloud() {
        open();
        awaitText("verdict", text -> !text.startsWith("asking"));

        assertThat(unlabelled()).isEmpty();
        assertThat(browser.findElements(By.cssSelector("h1"))).hasSize(1);
        assertThat(browser.findElement(By.id("verdict")).getDomAttribute("aria-live"))
                .isEqualTo("polite");
        for (String theme : List.of("light", "dark")) {
            theme(theme);
            assertThat(tooFaint()).as(theme).isEmpty();
        }
    }

    @Test
    void the_host_alone_leads_to_the_page_which_asks_for_a_key_before_it_asks_for_anything_else() {
        browser.get(base + "/console");
        script("sessionStorage.clear()");
        browser.get(base + "/");

        awaitText("verdict", "needs a key"::equals);
        assertThat(browser.getCurrentUrl()).isEqualTo(base + "/console");
        assertThat(browser.findElement(By.id("trouble")).getText()).startsWith("Enter an API key above");
        assertThat(browser.findElement(By.id("main")).isDisplayed()).isFalse();
        assertThat(browser.switchTo().activeElement().getDomAttribute("id")).isEqualTo("key");
        // Two polls' time of the page's own clock, however slow the machine.
        browser.executeAsyncScript("setTimeout(arguments[0], 5000)");
        assertThat(asked()).isEmpty();

        browser.findElement(By.cssSelector("#key-form button")).click();
        assertThat(asked()).as("an empty key is none").isEmpty();
        type("key", TestKeys.KEY);
        browser.findElement(By.cssSelector("#key-form button")).click();
        awaitText("verdict", "healthy"::equals);
        assertThat(browser.findElement(By.id("main")).isDisplayed()).isTrue();
        assertThat(browser.findElement(By.id("trouble")).isDisplayed()).isFalse();
        script("sessionStorage.clear()");
    }

    @Test
    void with_a_wrong_key_the_page_asks_for_another_one_and_stops_asking() {
        browser.get(base + "/console");
        script("sessionStorage.clear()");
        browser.navigate().refresh();
        type("key", "no-such-key");
        browser.findElement(By.cssSelector("#key-form button")).click();
        awaitText("trouble", text -> text.contains("not known"));
        assertThat(browser.findElement(By.id("main")).isDisplayed()).isFalse();
        int asked = asked().size();
        browser.executeAsyncScript("setTimeout(arguments[0], 5000)");
        assertThat(asked()).hasSize(asked);

        script("window.fetch = async () => new Response('{}', { status: 403 })");
        browser.findElement(By.cssSelector("#key-form button")).click();
        awaitText("trouble", text -> text.contains("outbox:operate"));
        assertThat(browser.findElement(By.id("main")).isDisplayed()).isFalse();
        script("window.fetch = async (path, options) => new Response("
                + "JSON.stringify({ detail: options.headers['X-API-Key'] }), { status: 500 })");
        browser.findElement(By.cssSelector("#key-form button")).click();
        awaitText("trouble", "no-such-key"::equals);
        script("sessionStorage.clear()");
    }

    /** Every way to send a key can be entered, and what is then tried from the page is answered. */
    @Test
    void swagger_ui_takes_a_key_in_each_way_and_uses_it() {
        for (Map.Entry<String, String> way : Map.of(
                        "bearer", TestKeys.KEY, "apiKey", "ApiKey " + TestKeys.KEY, "xApiKey", TestKeys.KEY)
                .entrySet()) {
            browser.get(base + "/swagger-ui.html");
            By authorize = By.cssSelector(".scheme-container button.authorize");
            await(() -> browser.findElement(authorize).isDisplayed());
            browser.findElement(authorize).click();
            // The inputs stand in the order of the schemes.
            List<WebElement> inputs = new ArrayList<>();
            await(() -> {
                inputs.clear();
                inputs.addAll(browser.findElements(By.cssSelector(".auth-container input")));
                return inputs.size() == 3;
            });
            int at = List.of("bearer", "apiKey", "xApiKey").indexOf(way.getKey());
            inputs.get(at).sendKeys(way.getValue());
            browser.findElements(By.cssSelector(".auth-container button.authorize"))
                    .get(at)
                    .click();
            browser.findElement(By.cssSelector("button.btn-done")).click();

            By operation = By.cssSelector("[id$='-list'].opblock-get");
            await(() -> {
                browser.findElement(operation).click();
                return true;
            });
            click(By.cssSelector("[id$='-list'] .try-out__btn"));
            click(By.cssSelector("[id$='-list'] button.execute"));
            await(() -> browser.findElement(
                            By.cssSelector("[id$='-list'] .live-responses-table .response .response-col_status"))
                    .getText()
                    .startsWith("200"));
        }
    }

    /** What the page has asked the service for, apart from its own files. */
    private static List<?> asked() {
        return (List<?>) script("""
                return performance.getEntriesByType('resource').map(e => e.name)
                  .filter(name => !name.includes('/console/') && !name.includes('/webjars/'));
                """);
    }

    /** The page, and the key that lets it see and do everything. */
    private static void open() {
        browser.get(base + "/console");
        script("sessionStorage.clear()");
        browser.navigate().refresh();
        type("key", TestKeys.KEY);
        browser.findElement(By.cssSelector("#key-form button")).click();
        awaitText("redis", text -> !text.equals("–"));
    }

    /** What a relay leaves behind that was refused this message alone, and skipped it. */
    private static String park() {
        JdbcTemplate jdbc = service.getBean(JdbcTemplate.class);
        UUID id = jdbc.queryForObject(
                "SELECT message_id FROM outbox_message WHERE message_key = 'uplift' ORDER BY id DESC LIMIT 1",
                UUID.class);
        jdbc.update(
                "INSERT INTO outbox_parked (id, partition_id, position, reason, instance)"
                        + " SELECT id, partition_id, position, 'ERR value is larger than what is allowed', 'relay'"
                        + " FROM outbox_message_history WHERE message_id = ?",
                id);
        redis.run("DEL", "hokusai:model_ready_queue");
        return id.toString();
    }

    private static List<String> queued() {
        try (RedisConnection connection = redis.connect()) {
            return connection.texts("LRANGE", "hokusai:model_ready_queue", "0", "-1");
        }
    }

    private static void lookAtTheLifeOf(String message) throws IOException {
        click("Life of message " + message);
        await(() -> browser.findElement(By.id("life")).isDisplayed());
        assertThat(browser.findElement(By.id("life-events")).getText()).contains("registered", "claimed", "parked");
        assertThat(browser.findElement(By.id("life-payload")).getText()).contains("\"model_name\": \"uplift\"");
        screenshot("life-light");
        browser.findElement(By.id("life-close")).click();
    }

    private static void register(String model, int version, String baseline) {
        String body = """
                {"model_name":"%s","version":"%d","token_id":"T","proposal_identifier":"P","metric_name":"auroc",
                 "baseline_value":%s,"mlflow_run_id":"run-%d"}""".formatted(model, version, baseline, version);
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/models/tokenized-registration-events"))
                .header("Content-Type", "application/json")
                .header("X-API-Key", TestKeys.KEY)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            assertThat(HTTP.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
                    .isEqualTo(200);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void theme(String wanted) {
        WebElement button = browser.findElement(By.id("theme"));
        while (!button.getText().endsWith(wanted)) {
            // Also while a dialog is open, which covers the button.
            script("document.getElementById('theme').click()");
        }
    }

    private static void click(String label) {
        click(By.cssSelector("button[aria-label='" + label + "']"));
    }

    private static void click(By button) {
        await(() -> {
            browser.findElement(button).click();
            return true;
        });
    }

    private static void type(String id, String text) {
        browser.findElement(By.id(id)).sendKeys(text);
    }

    private static void awaitText(String id, Predicate<String> wanted) {
        await(() -> wanted.test(browser.findElement(By.id(id)).getText()));
    }

    private static void awaitRows(String table, int rows) {
        await(() ->
                browser.findElements(By.cssSelector("#" + table + " tbody tr")).size() == rows);
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) {
        new WebDriverWait(browser, LONGEST_WAIT)
                .ignoring(StaleElementReferenceException.class)
                .until(driver -> condition.holds());
    }

    private static Object script(String script) {
        return ((JavascriptExecutor) browser).executeScript(script);
    }

    /** Fields and buttons that a screen reader has no name for. */
    private static List<?> unlabelled() {
        return (List<?>) script("""
                return [...document.querySelectorAll('button, input, select')]
                  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim()
                    || (e.labels && e.labels.length) || document.querySelector(`label[for="${e.id}"]`)))
                  .map(e => e.outerHTML);
                """);
    }

    /** Texts with less than 4.5 : 1 towards the background that they stand on. */
    private static List<?> tooFaint() {
        return (List<?>) script("""
                const parse = c => c.match(/[\\d.]+/g).map(Number);
                const light = c => { const [r, g, b] = parse(c).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
                const back = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
                  if (parse(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
                return [...document.querySelectorAll('main *, header *')]
                  .filter(e => e.offsetParent && !e.disabled && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
                  .map(e => { const a = light(getComputedStyle(e).color), b = light(back(e));
                    return [e.textContent.trim().slice(0, 30), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]; })
                  .filter(([, contrast]) => contrast < 4.5).map(String);
                """);
    }

    private static void screenshot(String name) throws IOException {
        script("scrollTo(0, 0)");
        Files.write(SCREENSHOTS.resolve(name + ".png"), browser.getScreenshotAs(OutputType.BYTES));
    }

    private static String firstThere(List<String> paths) {
        return paths.stream()
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst()
                .orElse(null);
    }
}
