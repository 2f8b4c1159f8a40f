package ai.hokus.registry.operations;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.TestLog;
import ai.hokus.registry.support.TestKeys;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.annotation.Import;
import org.springframework.http.MediaType;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import org.springframework.test.web.servlet.assertj.MvcTestResult;

/** What operators see and do over HTTP, over the whole application, without a Redis. */
@SpringBootTest(properties = {"registry.operations.max-resend=3", "registry.operations.fence-timeout=100ms"})
@AutoConfigureMockMvc
@Import(TestKeys.class)
@ExtendWith(OutputCaptureExtension.class)
class OutboxHttpTest {

    private static final String WHY = "{\"reason\":\"because\"}";
    private static final String WHAT_IF = "{\"reason\":\"because\",\"dry_run\":true}";

    @Autowired
    private MockMvcTester http;

    @Autowired
    private JdbcTemplate jdbc;

    /** Positions 1 to 5 delivered but for 2, which is parked; then three that are pending. */
    @BeforeEach
    void fill() {
        for (String table : List.of(
                "outbox_message",
                "outbox_batch",
                "outbox_parked",
                "outbox_delivery",
                "outbox_operation",
                "registration",
                "model")) {
            jdbc.update("DELETE FROM " + table);
        }
        jdbc.update("UPDATE outbox_partition SET paused = FALSE, purged_position = 0");
        TestLog log = new TestLog(jdbc, 0);
        for (int n = 1; n <= 8; n++) {
            log.message(n, n % 2 == 0 ? "even" : "odd");
        }
        jdbc.execute("ALTER TABLE outbox_message ALTER COLUMN id RESTART WITH 9");
        log.batch(1, 3, 1, 2, 3);
        log.batch(4, 5, 4, 5);
        log.delivery(1, 1, 5);
        log.parked(2, 2, null);
        jdbc.update("INSERT INTO model (name) VALUES ('odd')");
        for (int n = 1; n <= 7; n += 2) {
            jdbc.update("""
                    INSERT INTO registration (model_name, version, token_id, proposal_identifier, metric_name, baseline_value,
                                              current_value, mlflow_run_id, tags, user_id, fingerprint, message_id)
                    VALUES ('odd', ?, 'T', 'P', 'f1', 0.5, 0.5, 'run', '{}', 'ada', ?, ?)
                    """, "v" + n, "0".repeat(64), new UUID(0, n));
        }
    }

    @Test
    void the_status_shows_the_views_columns_and_what_this_instance_knows() {
        MvcTestResult answer = get("/outbox/status");

        assertThat(answer).hasStatusOk().hasHeader("Cache-Control", "no-store");
        assertThat(answer).bodyJson().extractingPath("$.redis").isEqualTo("not_configured");
        assertThat(answer).bodyJson().extractingPath("$.database.reachable").isEqualTo(true);
        assertThat(answer)
                .bodyText()
                .as("what it comes to is read first")
                .containsPattern(
                        "\"database\":\\{\"state\":[^}]*\"reachable\":[^}]*\"writable\":[^}]*\"since\":[^}]*\"last_error\":");
        assertThat(answer).bodyJson().extractingPath("$.partitions[0].pending").isEqualTo(3);
        assertThat(answer).bodyJson().extractingPath("$.partitions[0].parked").isEqualTo(1);
        assertThat(answer)
                .bodyJson()
                .extractingPath("$.partitions[0].relay_state")
                .isNull();
    }

    @Test
    void messages_come_in_pages_and_can_be_searched() {
        MvcTestResult first = get("/outbox/messages?state=pending&limit=2");
        assertThat(first).bodyJson().extractingPath("$.messages[*].id").isEqualTo(List.of(6, 7));
        assertThat(first).bodyJson().extractingPath("$.next").isEqualTo(7);
        MvcTestResult second = get("/outbox/messages?state=pending&limit=2&after=7");
        assertThat(second).bodyJson().extractingPath("$.messages[*].id").isEqualTo(List.of(8));
        assertThat(second).bodyJson().extractingPath("$.next").isNull();

        assertThat(get("/outbox/messages?state=delivered&model=odd"))
                .bodyJson()
                .extractingPath("$.messages[*].id")
                .isEqualTo(List.of(5, 3, 1));
        assertThat(get("/outbox/messages?state=parked"))
                .bodyJson()
                .extractingPath("$.messages[*].reason")
                .isEqualTo(List.of("ERR too large"));
    }

    @Test
    void a_message_that_was_requeued_tells_its_life() {
        post("/outbox/parked/" + new UUID(0, 2) + "/requeue", WHY);

        MvcTestResult life = get("/outbox/messages/" + new UUID(0, 2));

        assertThat(life).bodyText().contains("\"payload\":{\"n\":1.50}");
        assertThat(life)
                .bodyJson()
                .extractingPath("$.events[*].event")
                .isEqualTo(List.of("registered", "claimed", "parked", "requeued", "sent_again"));
        assertThat(life).bodyJson().extractingPath("$.events[3].detail").isEqualTo("by ada: because");
        assertThat(life).bodyJson().extractingPath("$.copies[1].state").isEqualTo("pending");
        assertThat(get("/outbox/messages/" + UUID.randomUUID())).hasStatus(404);
    }

    @Test
    void each_requeue_of_a_message_has_its_own_reason() {
        String requeue = "/outbox/parked/" + new UUID(0, 2) + "/requeue";
        post(requeue, WHY);
        TestLog log = new TestLog(jdbc, 0);
        log.batch(6, 5, 9);
        log.delivery(2, 6, 6);
        log.parked(9, 6, null);
        post(requeue, WHY.replace("because", "once more"));

        assertThat(get("/outbox/messages/" + new UUID(0, 2)))
                .bodyJson()
                .extractingPath("$.events[?(@.event=='requeued')].detail")
                .isEqualTo(List.of("by ada: because", "by ada: once more"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/outbox/messages?state=lost",
                "/outbox/messages?limit=0",
                "/outbox/messages?limit=201",
                "/outbox/operations?limit=1000",
                "/outbox/operations?limit=1e999",
                "/outbox/operations?limit=99999999999",
                "/outbox/operations?after=99999999999999999999",
                "/outbox/messages?after=first",
                "/outbox/messages?model=a%00b",
                "/outbox/messages/first",
            })
    void a_wrong_parameter_is_named(String path) {
        assertThat(get(path)).hasStatus(422).hasContentType(MediaType.APPLICATION_PROBLEM_JSON);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/outbox/backlog", "/outbox/rewinds", "/outbox/throughput", "/outbox/operations"})
    void every_view_is_shown(String path) {
        assertThat(get(path)).hasStatusOk().hasContentType(MediaType.APPLICATION_JSON);
    }

    @Test
    void pausing_is_on_record_with_the_callers_name() {
        MvcTestResult answer = http.post()
                .uri("/outbox/partitions/0/pause")
                .principal(() -> "ada")
                .contentType(MediaType.APPLICATION_JSON)
                .content(WHY)
                .exchange();

        assertThat(answer).as("nobody relays, so nobody fences it").hasStatus(202);
        assertThat(answer).bodyJson().extractingPath("$.executed").isEqualTo(true);
        assertThat(answer).bodyJson().extractingPath("$.fenced").isEqualTo(false);
        assertThat(answer).bodyJson().extractingPath("$.detail").asString().contains("not fenced yet");
        MvcTestResult operations = get("/outbox/operations");
        assertThat(operations)
                .bodyJson()
                .extractingPath("$.operations[0]['performed_by','operation','target','reason']")
                .isEqualTo(Map.of(
                        "performed_by", "ada", "operation", "pause", "target", "partition 0", "reason", "because"));
        assertThat(post("/outbox/partitions/all/resume", WHY))
                .bodyJson()
                .extractingPath("$.partitions")
                .isEqualTo(List.of(0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/outbox/partitions/0/pause",
                "/outbox/partitions/all/pause",
                "/outbox/adopt",
                "/outbox/parked/00000000-0000-0000-0000-000000000002/requeue",
                "/outbox/parked/00000000-0000-0000-0000-000000000002/discard",
            })
    void a_dry_run_says_what_would_be_done_and_does_nothing(String path) {
        MvcTestResult answer =
                post(path, path.endsWith("adopt") ? WHAT_IF.replace("{", "{\"queue_name\":\"other\",") : WHAT_IF);

        assertThat(answer).bodyJson().extractingPath("$.executed").isEqualTo(false);
        assertThat(answer).bodyJson().extractingPath("$.detail").asString().startsWith("Dry run: ");
        assertThat(jdbc.queryForList("SELECT 1 FROM outbox_operation")).isEmpty();
        assertThat(jdbc.queryForObject("SELECT state FROM outbox_status", String.class))
                .isEqualTo("running");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/outbox/partitions/0/pause | {} | reason is required",
                "/outbox/partitions/0/pause | {'reason':' '} | reason must be a text",
                "/outbox/partitions/0/pause | {'reason':'x','dryrun':true} | dryrun is not known here",
                "/outbox/partitions/0/pause | {'reason':'x','dry_run':'yes'} | dry_run must be true or false",
                "/outbox/partitions/0/pause | {'reason':'x','paused':true} | paused is not known here",
                "/outbox/partitions/0/release | {'reason':'x','paused':'yes'} | paused must be true or false",
                "/outbox/adopt | {'reason':'x'} | must have queue_name or environment",
                "/outbox/resend | {'reason':'x'} | must say which messages",
                "/outbox/resend | {'reason':'x','model':'odd'} | Idempotency-Key is required",
                "/outbox/resend | {'reason':'x','from_position':1,'dry_run':true} | partition is required",
                "/outbox/resend | {'reason':'x','delivered_from':'noon','dry_run':true} | delivered_from must be a time",
                "/outbox/purge | {'reason':'x'} | older_than is required",
                "/outbox/purge | {'reason':'x','older_than':'1 day'} | older_than must be a duration",
                "/outbox/purge | {'reason':'x','older_than':3600} | older_than must be a text",
                "/outbox/purge | {'reason':'x','older_than':'PT-1S'} | older_than must be between PT0S and P3650D",
                "/outbox/purge | {'reason':'x','older_than':'PT99999999999999H'} | older_than must be between PT0S and P3650D",
                "/outbox/purge | {'reason':'x','older_than':'P3000000D'} | older_than must be between PT0S and P3650D",
                "/outbox/purge | {'reason':'x','older_than':'P3650DT0.000000001S'} | older_than must be between PT0S and P3650D",
                "/outbox/purge | {'reason':'x','older_than':'PT9223372036854775807S'} | older_than must be between",
                "/outbox/purge | {'reason':'x','older_than':'PT9223372036854775808S'} | older_than must be a duration",
                "/outbox/resend | {'reason':'x','delivered_from':'-999999999-01-01T00:00:00+18:00','dry_run':true} | delivered_from must be between",
                "/outbox/resend | {'reason':'x','delivered_before':'+999999999-12-31T23:59:59-18:00','dry_run':true} | delivered_before must be between",
                "/outbox/resend | {'reason':'x','delivered_before':'-4713-01-01T00:00:00Z','dry_run':true} | delivered_before must be between",
                "/outbox/resend | {'reason':'x','partition':-1,'dry_run':true} | partition must be a whole number",
                "/outbox/resend | {'reason':'x','partition':2147483648,'dry_run':true} | partition must be a whole number",
                "/outbox/resend | {'reason':'x','partition':1e999,'dry_run':true} | partition must be a whole number",
                "/outbox/resend | {'reason':'x','partition':0.5,'dry_run':true} | partition must be a whole number",
                "/outbox/resend | {'reason':'x','partition':true,'dry_run':true} | partition must be a whole number",
                "/outbox/resend | {'reason':'x','partition':0,'from_position':-1,'dry_run':true} | from_position must be",
                "/outbox/resend | {'reason':'x','partition':0,'to_position':9223372036854775808,'dry_run':true} | to_position must be",
                "/outbox/resend | {'reason':'x','model':'a\\u0000b','dry_run':true} | model contains the character NUL",
                "/outbox/resend | {'reason':'x','model':'\\ud800','dry_run':true} | model contains half of a surrogate pair",
                "/outbox/partitions/0/pause | {'reason':'\\udc00'} | reason contains half of a surrogate pair",
                "/outbox/partitions/0/pause | {'reason':'a','reason':'b'} | body is not the JSON that is accepted here",
                "/outbox/partitions/0/pause | {'reason':'a','dry_run':true,'dry_run':false} | body is not the JSON",
                "/outbox/partitions/0/pause | [] | body must be a JSON object",
                "/outbox/partitions/0/pause | '' | reason is required",
            })
    void a_request_that_is_not_clear_is_refused_and_says_why(String path, String body, String expected) {
        MvcTestResult answer = post(path, body.replace('\'', '"'));

        assertThat(answer).hasStatus(422).hasContentType(MediaType.APPLICATION_PROBLEM_JSON);
        assertThat(answer).bodyJson().extractingPath("$.detail").asString().contains(expected);
        assertThat(jdbc.queryForList("SELECT 1 FROM outbox_operation")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "/outbox/partitions/9/pause, 404",
        "/outbox/partitions/none/pause, 404",
        "/outbox/partitions/0/stop, 404",
        "/outbox/parked/00000000-0000-0000-0000-000000000003/requeue, 409",
        "/outbox/parked/00000000-0000-0000-0000-000000000099/requeue, 404",
        "/outbox/parked/not-an-id/requeue, 422",
        "/outbox/partitions/99999999999/pause, 404",
    })
    void what_is_not_there_or_cannot_be_is_a_problem(String path, int status) {
        assertThat(post(path, WHY)).hasStatus(status).hasContentType(MediaType.APPLICATION_PROBLEM_JSON);
    }

    @Test
    void sending_again_is_done_once_under_one_key() {
        String body = "{\"reason\":\"consumer lost them\",\"model\":\"odd\"}";

        for (int time = 1; time <= 2; time++) {
            MvcTestResult answer = http.post()
                    .uri("/outbox/resend")
                    .header("Idempotency-Key", "k-1")
                    .contentType(MediaType.APPLICATION_JSON)
                    .content(body)
                    .exchange();
            assertThat(answer).hasStatusOk();
            assertThat(answer).bodyJson().extractingPath("$.executed").isEqualTo(time == 1);
            assertThat(answer).bodyJson().extractingPath("$.messages").isEqualTo(3);
        }
        assertThat(jdbc.queryForList("SELECT id FROM outbox_message WHERE copy_no = 1"))
                .hasSize(3);
    }

    @Test
    void the_longest_durations_and_the_largest_positions_are_taken() {
        assertThat(post("/outbox/purge", "{\"reason\":\"disk\",\"older_than\":\"P3650D\"}"))
                .hasStatusOk();
        assertThat(post(
                        "/outbox/resend",
                        "{\"reason\":\"x\",\"partition\":0,\"from_position\":9223372036854775807,"
                                + "\"delivered_from\":\"1970-01-01T00:00:00Z\","
                                + "\"delivered_before\":\"9999-12-31T23:59:59Z\",\"dry_run\":true}"))
                .hasStatusOk();
    }

    @Test
    void more_than_one_call_may_send_again_is_refused_with_the_settings_name() {
        assertThat(post("/outbox/resend", "{\"reason\":\"x\",\"partition\":0,\"dry_run\":true}"))
                .hasStatus(422)
                .bodyText()
                .contains("more than 3 messages")
                .contains("registry.operations.max-resend");
    }

    @Test
    void what_is_wrong_is_said_for_programs_too() {
        assertThat(post("/outbox/purge", "{\"reason\":7}"))
                .bodyJson()
                .extractingPath("$.errors[*].field")
                .isEqualTo(List.of("reason", "older_than"));
    }

    @Test
    void purging_by_hand_deletes_whole_batches_but_for_the_last_one_and_what_is_parked() {
        assertThat(post("/outbox/purge", "{\"reason\":\"disk\",\"older_than\":\"PT0S\"}"))
                .bodyJson()
                .extractingPath("$.messages")
                .isEqualTo(2);
        assertThat(jdbc.queryForList("SELECT id FROM outbox_message WHERE id <= 5 ORDER BY id", Long.class))
                .containsExactly(2L, 4L, 5L);
    }

    @Test
    void another_queue_is_adopted() {
        MvcTestResult answer = post("/outbox/adopt", "{\"reason\":\"renamed\",\"queue_name\":\"other\"}");

        assertThat(answer).bodyJson().extractingPath("$.executed").isEqualTo(true);
        assertThat(answer).bodyJson().extractingPath("$.messages").isEqualTo(4);
        assertThat(jdbc.queryForObject("SELECT queue_name FROM outbox", String.class))
                .isEqualTo("other");
    }

    @Test
    void messages_are_found_by_model_version_and_token() {
        assertThat(get("/outbox/search?model=odd"))
                .bodyJson()
                .extractingPath("$.messages[*].version")
                .isEqualTo(List.of("v1", "v3", "v5", "v7"));
        MvcTestResult one = get("/outbox/search?model=odd&version=v5&token_id=T");
        assertThat(one).bodyJson().extractingPath("$.messages[*].state").isEqualTo(List.of("delivered"));
        assertThat(one).bodyJson().extractingPath("$.messages[*].position").isEqualTo(List.of(5));
        assertThat(get("/outbox/search?model=odd&version=v2"))
                .bodyJson()
                .extractingPath("$.messages")
                .isEqualTo(List.of());
        assertThat(get("/outbox/search?model=a%00b")).hasStatus(422);
        assertThat(get("/outbox/search?version=v3"))
                .bodyJson()
                .extractingPath("$.messages[*].position")
                .isEqualTo(List.of(3));
        assertThat(get("/outbox/search?token_id=T"))
                .bodyJson()
                .extractingPath("$.messages[*].version")
                .isEqualTo(List.of("v7", "v5", "v3", "v1"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/console/index.html",
                "/console/key.html",
                "/console/message.html",
                "/console/actions.js",
                "/console/dashboard.js",
                "/console/key.js",
                "/console/message.js",
                "/console/plots.js",
                "/console/service.js",
                "/console/view.js",
                "/console/console.css",
                "/console/icon.svg",
                "/webjars/uplot/1.6.30/dist/uPlot.iife.min.js",
                "/webjars/uplot/1.6.30/dist/uPlot.min.css",
            })
    void the_console_comes_from_this_service_whole(String path) {
        assertThat(get(path)).hasStatusOk();
    }

    @ParameterizedTest
    @CsvSource({
        "/console, /console/index.html, dashboard",
        "/console/key, /console/key.html, key",
        "/console/messages/00000000-0000-0000-0000-000000000001, /console/message.html, message",
    })
    void the_consoles_pages_have_nothing_inline_and_ask_no_other_host(String address, String page, String script) {
        assertThat(get(address)).hasStatusOk().hasForwardedUrl(page);
        assertThat(get(page))
                .bodyText()
                .doesNotContainPattern("<script(?![^>]* src=)")
                .doesNotContainPattern("<style|\\sstyle=|\\son[a-z]+=")
                .doesNotContainPattern("(src|href)=\"(https?:)?//");
        assertThat(get("/console/" + script + ".js")).bodyText().doesNotContain("innerHTML");
    }

    @Test
    void a_database_that_cannot_do_it_now_is_answered_with_503_and_is_one_line_in_the_log(CapturedOutput output)
            throws SQLException {
        try (Connection other = requireNonNull(jdbc.getDataSource()).getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("SELECT * FROM outbox_partition FOR UPDATE");

            assertThat(post("/outbox/partitions/0/pause", WHY))
                    .hasStatus(503)
                    .bodyJson()
                    .extractingPath("$.detail")
                    .asString()
                    .contains("asking again under the same Idempotency-Key does nothing twice");
            other.rollback();
            other.setAutoCommit(true);
        }
        assertThat(output)
                .contains("POST /outbox/partitions/0/pause was answered with 503: org.h2.jdbc.")
                .doesNotContain("\tat ");
    }

    private MvcTestResult get(String path) {
        return http.get().uri(URI.create(path)).exchange();
    }

    private MvcTestResult post(String path, String body) {
        return http.post()
                .uri(path)
                .contentType(MediaType.APPLICATION_JSON)
                .content(body)
                .exchange();
    }
}
