package ai.hokus.registry.operations;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import ai.hokus.registry.support.TestRedis;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.NoSuchElementException;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;

/**
 * The whole service over a real Redis, and a real browser that looks at its console. Screenshots are in {@code target/console}.
 * Confined to one thread.
 */
final class ConsoleBrowser implements AutoCloseable {

    static final String QUEUE = "hokusai:model_ready_queue";

    /** May look, and nothing else. */
    static final String READER_KEY = "reader-key";

    /** May register, and not look. */
    static final String CLIENT_KEY = "client-key";

    private static final List<String> BROWSERS = List.of("/usr/bin/chromium", "/usr/bin/chromium-browser");
    private static final List<String> DRIVERS = List.of("/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver");
    private static final Path SCREENSHOTS = Path.of("target", "console");

    /** A busy machine; what is waited for takes a poll or two. */
    private static final Duration MAX_WAIT = Duration.ofSeconds(60);

    final TestRedis redis;
    final String base;
    private final RunningService service;
    private final ChromeDriver browser;

    private ConsoleBrowser(TestRedis redis, RunningService service, ChromeDriver browser) {
        this.redis = redis;
        this.service = service;
        this.browser = browser;
        this.base = service.base().toString();
    }

    /** @throws org.opentest4j.TestAbortedException where there is no Chromium */
    static ConsoleBrowser start(Path profile) throws IOException {
        String chromium = firstThere(BROWSERS);
        String driver = firstThere(DRIVERS);
        Assumptions.assumeTrue(
                chromium != null && driver != null, "no browser here: apt-get install chromium chromium-driver");
        Files.createDirectories(SCREENSHOTS);
        TestRedis redis = TestRedis.start("appendonly yes");
        String keys = TestKeys.file(
                        TestKeys.line(),
                        TestKeys.line(READER_KEY, "grace", "outbox:read"),
                        TestKeys.line(CLIENT_KEY, "alan", "model:write"))
                .toString();
        RunningService service = RunningService.on(
                TestDatabase.H2,
                Map.of(
                        "REDIS_URL",
                        redis.url(),
                        "registry.security.key-file",
                        keys,
                        "registry.queue.connect-timeout",
                        "300ms",
                        "registry.queue.command-timeout",
                        "300ms",
                        "registry.relay.interval",
                        "100ms",
                        "registry.relay.max-backoff",
                        "500ms",
                        "registry.consumers.interval",
                        "200ms",
                        "registry.status.interval",
                        "200ms",
                        "registry.status.report-interval",
                        "1s"));
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
        ChromeDriver browser = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(Path.of(driver).toFile())
                        .build(),
                options);
        browser.manage().window().setSize(new Dimension(1280, 1100));
        return new ConsoleBrowser(redis, service, browser);
    }

    @Override
    public void close() {
        browser.quit();
        service.close();
        redis.close();
    }

    // ---- going somewhere -------------------------------------------------------------------------------------------

    void go(String path) {
        browser.get(base + path);
    }

    void reload() {
        browser.navigate().refresh();
    }

    /** The address without the host. */
    String address() {
        return browser.getCurrentUrl().substring(base.length());
    }

    void awaitAddress(String address) {
        await(() -> address().equals(address));
    }

    /** As in a new tab: no key. */
    void forgetKey() {
        go("/console/key");
        script("sessionStorage.clear()");
    }

    void enterKey(String key) {
        await(() -> element("key").isDisplayed());
        element("key").clear();
        element("key").sendKeys(key, Keys.ENTER);
    }

    /** The first page, with the key that lets it see and do everything. */
    void open() {
        forgetKey();
        go("/console");
        awaitAddress("/console/key");
        enterKey(TestKeys.KEY);
        awaitAddress("/console");
        awaitText("redis", text -> !text.equals("…"));
    }

    /** As whoever comes back to the page from another tab: it looks at once, without waiting for its next poll. */
    void lookAgain() {
        script("document.dispatchEvent(new Event('visibilitychange'))");
    }

    /** Answered by the service from its start on. */
    double unauthorizedRequests() {
        return service.bean(MeterRegistry.class).find("http.server.requests").tag("status", "401").timers().stream()
                .mapToDouble(Timer::count)
                .sum();
    }

    /** What the page has asked the service for, apart from its own files. */
    List<?> asked() {
        return (List<?>) script("""
                return performance.getEntriesByType('resource').map(e => e.name)
                  .filter(name => !name.includes('/console/') && !name.includes('/webjars/'));
                """);
    }

    // ---- using it --------------------------------------------------------------------------------------------------

    WebElement element(String id) {
        return browser.findElement(By.id(id));
    }

    List<WebElement> elements(String css) {
        return browser.findElements(By.cssSelector(css));
    }

    String text(String id) {
        return element(id).getText();
    }

    void click(String id) {
        click(By.id(id));
    }

    void clickLabelled(String label) {
        click(By.cssSelector("[aria-label='" + label + "']"));
    }

    void click(By button) {
        await(() -> {
            browser.findElement(button).click();
            return true;
        });
    }

    void type(String id, String text) {
        element(id).clear();
        element(id).sendKeys(text);
    }

    void choose(String id, String option) {
        click(By.xpath("//select[@id='" + id + "']/option[text()='" + option + "']"));
    }

    void press(CharSequence... keys) {
        new Actions(browser).sendKeys(keys).perform();
    }

    /** The id or else the label of what has the focus. */
    String focused() {
        WebElement focused = browser.switchTo().activeElement();
        String id = focused.getDomAttribute("id");
        return id != null ? id : String.valueOf(focused.getDomAttribute("aria-label"));
    }

    void awaitText(String id, Predicate<String> wanted) {
        await(() -> wanted.test(text(id)));
    }

    void awaitRows(String table, int rows) {
        await(() -> elements("#" + table + " tbody tr").size() == rows
                && elements("#" + table + " td.empty").isEmpty());
    }

    void await(BooleanSupplier condition) {
        Awaitility.await()
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .atMost(MAX_WAIT)
                .ignoreExceptionsMatching(
                        e -> e instanceof StaleElementReferenceException || e instanceof NoSuchElementException)
                .until(condition::getAsBoolean);
    }

    Object script(String script) {
        return browser.executeScript(script);
    }

    /** Waits in the page's own time, however slow the machine: for what must not happen. */
    Object scriptAsync(String script) {
        return browser.executeAsyncScript(script);
    }

    Object devTools(String command, Map<String, Object> parameters) {
        return browser.executeCdpCommand(command, parameters);
    }

    /** @param scheme light or dark */
    void prefer(String scheme) {
        devTools(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    void screenshot(String name) {
        script("scrollTo(0, 0)");
        try {
            Files.write(SCREENSHOTS.resolve(name + ".png"), browser.getScreenshotAs(OutputType.BYTES));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- what there is to see --------------------------------------------------------------------------------------

    void register(String model, int version, String token) {
        String body =
                RunningService.registration(model, String.valueOf(version)).replace("\"T\"", '"' + token + '"');
        assertThat(service.post("/models/tokenized-registration-events", body).statusCode())
                .isEqualTo(200);
    }

    String messageId(String model, int version) {
        return service.jdbc()
                .queryForObject(
                        "SELECT message_id FROM registration WHERE model_name = ? AND version = ?",
                        UUID.class,
                        model,
                        String.valueOf(version))
                .toString();
    }

    void stopPartition(boolean stopped) {
        service.jdbc()
                .update(
                        "UPDATE outbox_partition SET stopped_at = CASE WHEN ? THEN CURRENT_TIMESTAMP END WHERE partition_id = 0",
                        stopped);
    }

    /** What a relay leaves behind that was refused this message alone, and skipped it. */
    void park(String messageId) {
        service.jdbc()
                .update(
                        "INSERT INTO outbox_parked (id, partition_id, position, reason, instance)"
                                + " SELECT id, partition_id, position, 'ERR value is larger than what is allowed', 'relay'"
                                + " FROM outbox_message_history WHERE message_id = ?",
                        UUID.fromString(messageId));
        redis.run("DEL", QUEUE);
    }

    List<String> queued() {
        try (RedisConnection connection = redis.connect()) {
            return connection.texts("LRANGE", QUEUE, "0", "-1");
        }
    }

    private static String firstThere(List<String> paths) {
        return paths.stream()
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst()
                .orElse(null);
    }
}
