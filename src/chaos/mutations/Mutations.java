import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Breaks the protocol on purpose, one mistake at a time, in a copy of this checkout, and prints which tests notice.
 *
 * <p>{@code java src/chaos/mutations/Mutations.java [parts of mistakes' names]} from the checkout's root; ends with 1 when a
 * mistake goes unnoticed, or no longer applies to the code: then change the list below together with the code. With {@code
 * --first} a mistake's tests end once one of them has noticed it, which takes a fraction of the time. With {@code --check} it
 * only looks whether every mistake applies.
 */
public class Mutations {

    private static final String MAIN = "src/main/java/ai/hokus/registry/";
    private static final String RESOURCES = "src/main/resources/";
    private static final String TEST = "src/test/java/ai/hokus/registry/";
    private static final String TABLES = "db/migration/postgresql/V1__registration_outbox.sql";
    private static final String PROTOCOL = "ProtocolSimulationTest,OutboxPartitionTest,OutboxTest,RelayPassTest,PausedPassTest";
    private static final String SETTLING = "SettlingRacesTest,SettledIdsTest,ProtocolSimulationTest,OutboxPartitionTest,OutboxTest";
    private static final String PURGE = "OutboxTest,PurgeRacesTest,PurgeUnderFallbackTest,ProtocolSimulationTest";
    private static final String TWIN = "ProtocolSimulationTest,InMemoryMessageQueueTest";
    private static final String REDIS = "RedisMessageQueueTest";
    private static final String REGISTRATION =
            "RegistrationTransactionOnH2Test,RegistrationTransactionOnPostgreSqlTest,SharedTransactionTest";
    private static final String SETTINGS = "RelaySettingsTest";

    /** With some mistakes a test never comes to its end; what failed before it counts. */
    private static final int MAX_TEST_SECONDS = 900;

    /**
     * White space does not count: what is broken is found however it is formatted.
     *
     * @param mistake as the model calls it, where the model has it
     * @param tests that are asked whether they notice
     */
    private record Mutation(String mistake, String tests, String file, String from, String to) {}

    private static final List<Mutation> MUTATIONS = List.of(
            // Append, look, histories
            new Mutation(
                    "no comparison, in Redis",
                    REDIS,
                    RESOURCES + "ai/hokus/registry/queue/redis/append.lua",
                    "if (newest or '') ~= expected then return {'STALE', newest} end",
                    ""),
            new Mutation(
                    "no comparison, in the queue's twin",
                    TWIN,
                    TEST + "queue/InMemoryMessageQueue.java",
                    "if (!Objects.equals(newest, append.expected())) {",
                    "if (newest == null && append == null) {"),
            new Mutation(
                    "no second look",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "(needsConfirmation && !confirmed)",
                    "(needsConfirmation && request == null)"),
            new Mutation(
                    "a look from before a rewind",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "request.confirmedDeliveryNo() == end.deliveryNo()",
                    "request.confirmedDeliveryNo() >= 0"),
            new Mutation(
                    "a claim ahead on another log",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "request.appending() != null && !repository.hasBatch(end, request.appending())",
                    "request.appending() != null && end.lastPosition() < 0"),
            new Mutation(
                    "what was claimed ahead is appended whatever became of the append before it",
                    PROTOCOL,
                    MAIN + "relay/RelayPass.java",
                    "ahead = answer.result() instanceof AppendResult.Appended ? answer.ahead() : null;",
                    "ahead = answer.ahead();"),
            new Mutation(
                    "position alone: a checkpoint's position is believed, whichever batch it names",
                    PROTOCOL,
                    MAIN + "outbox/PartitionRepository.java",
                    "row.getLong(\"batch_id\") == batchId)",
                    "batchId != Long.MIN_VALUE)"),
            new Mutation(
                    "all claims have the same batch id",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "long batchId = Checkpoint.randomId();",
                    "long batchId = 4711;"),
            new Mutation(
                    "every sighting counts: what was healed is healed again",
                    PROTOCOL,
                    MAIN + "outbox/Reconciliation.java",
                    "!newest.place().equals(row.foreignCheckpoint()),",
                    "true,"),
            new Mutation(
                    "lost or stranger alike",
                    PROTOCOL,
                    MAIN + "outbox/Reconciliation.java",
                    "!ours, seen.complete(),",
                    "true, seen.complete(),"),
            new Mutation(
                    "a healed stranger stays a stranger",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "histories.add(foreign.historyId());",
                    ""),
            new Mutation(
                    "a stranger never stops anything",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "reconciliation.stranger() && row.divergedWithin(divergenceHealInterval)",
                    "reconciliation.stranger() && request == null"),
            new Mutation(
                    "acknowledgement before append: a claim counts as delivered what it hands out",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "long first = end.lastPosition() + 1;",
                    "long first = end.lastPosition() + 1; updates.add("
                            + "journal.delivery(end.deliveryNo() + 1 + updates.size(), known, known + ids.length));"),
            // Fence
            new Mutation(
                    "pause without fence",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "if (newest != null && newest.nonce() == row.haltId()) {",
                    "if (row.haltId() != Long.MIN_VALUE) {"),
            new Mutation(
                    "a fence of any pause",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "newest.nonce() == row.haltId()",
                    "newest.nonce() > Checkpoint.SKIP"),
            new Mutation(
                    "a fence is not repeated",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "if (newest != null && newest.nonce() == row.haltId()) {",
                    "if (newest != null && newest.nonce() == row.haltId() || row.fencedHaltId() == row.haltId()) {"),
            // Settling
            new Mutation(
                    "settled too soon",
                    SETTLING,
                    MAIN + "outbox/LogEnd.java",
                    "sampleIsForeign() || oldestXid < sampleXid",
                    "sampleIsForeign()"),
            new Mutation(
                    "the snapshot's xmax",
                    SETTLING,
                    MAIN + "outbox/SqlDialect.java",
                    "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
                    "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)"),
            new Mutation(
                    "id before transaction",
                    SETTLING + ",SchemaTest",
                    TABLES,
                    "CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('outbox_message_id') END",
                    "nextval('outbox_message_id')"),
            new Mutation(
                    "an id from before the lock",
                    SETTLING,
                    MAIN + "outbox/PartitionRepository.java",
                    "Row lock() {",
                    "Row lock() { if (!dialect.idsFollowCommits()) {"
                            + " jdbc.queryForObject(\"SELECT CAST(pg_current_xact_id() AS TEXT)\", String.class); }"),
            new Mutation(
                    "sample and transaction id from one claim",
                    SETTLING,
                    MAIN + "outbox/OutboxPartition.java",
                    "Settled(cursor.settled(), end.highestId(), null)",
                    "Settled(cursor.settled(), end.highestId(), end.xid())"),
            new Mutation(
                    "the oldest transaction is read after the scan",
                    SETTLING,
                    MAIN + "outbox/MessageScan.java",
                    "ScanCursor after = cursor.found(",
                    "ScanCursor after = (begins ? cursor.begun(repository.logEnd()) : cursor).found("),
            new Mutation(
                    "more is settled than the scan has passed",
                    SETTLING,
                    MAIN + "outbox/ScanCursor.java",
                    "Math.max(settled, Math.min(provable, more ? scannedTo : upTo));",
                    "Math.max(settled, provable);"),
            new Mutation(
                    "a sample from another cluster is kept",
                    SETTLING,
                    MAIN + "outbox/LogEnd.java",
                    "sampleXid != null && sampleXid > xid;",
                    "sampleXid != null && sampleXid > Long.MAX_VALUE - 1;"),
            // Scanning
            new Mutation(
                    "scan outlives the log it was read with",
                    SETTLING,
                    MAIN + "outbox/MessageScan.java",
                    "cursor.log().equals(ScanCursor.Log.of(log))",
                    "!cursor.isLoading()"),
            new Mutation(
                    "what another relay claimed is not read",
                    SETTLING,
                    MAIN + "outbox/MessageScan.java",
                    "return continued ? cursor.catchingUp(log) : fresh;",
                    "return continued ? cursor.endingWith(log.lastPosition(), log.batchId()) : fresh;"),
            new Mutation(
                    "no bound on the scan",
                    SETTLING,
                    MAIN + "outbox/MessageScan.java",
                    "cursor = cursor.begun(log); }",
                    "cursor = cursor.begun(log); } else { cursor = new ScanCursor(cursor.log(),"
                            + " cursor.unclaimed().plus(cursor.upTo(), log.highestId()),"
                            + " Math.max(cursor.upTo(), log.highestId()), cursor.after(), cursor.ended(),"
                            + " cursor.provable(), cursor.settled(), cursor.loading()); }"),
            new Mutation(
                    "claim by highest id: what committed behind it is never seen",
                    SETTLING,
                    MAIN + "outbox/ScanCursor.java",
                    "unclaimed.minus(ids).above(proved)",
                    "unclaimed.minus(ids).above(more ? scannedTo : upTo)"),
            new Mutation(
                    "H2: a message takes its id without the gate",
                    PROTOCOL,
                    MAIN + "outbox/SqlDialect.java",
                    "jdbc.queryForList(\"SELECT id FROM outbox FOR UPDATE\");",
                    ""),
            new Mutation(
                    "no scrub",
                    PROTOCOL,
                    MAIN + "outbox/OutboxScrub.java",
                    "walked.missing().isEmpty() ? 0 :",
                    "walked.missing() != null ? 0 :"),
            // Parking and purging
            new Mutation(
                    "a skip looks like an append",
                    PROTOCOL,
                    MAIN + "outbox/Checkpoint.java",
                    "return nonce == SKIP;",
                    "return nonce < 0;"),
            new Mutation(
                    "marks outlive the delivery",
                    PROTOCOL,
                    MAIN + "outbox/ParkedMessages.java",
                    "AND position = ? AND resolution IS NULL",
                    "AND position = ? AND resolution IS NULL AND position < 0"),
            new Mutation(
                    "requeue before the skip is acknowledged",
                    PROTOCOL + ",OperatorViewsTest",
                    TABLES,
                    "JOIN outbox_progress p ON p.partition_id = k.partition_id AND k.position <= p.delivered_position",
                    "JOIN outbox_progress p ON p.partition_id = k.partition_id"),
            new Mutation(
                    "parked messages are purged",
                    PURGE,
                    MAIN + "outbox/OutboxPurge.java",
                    "AND NOT EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = m.id AND k.resolution IS NULL)",
                    ""),
            new Mutation(
                    "an acknowledgement from before a rewind counts",
                    PURGE,
                    MAIN + "outbox/OutboxPurge.java",
                    "r.delivery_no > d.delivery_no)",
                    "r.delivery_no > d.delivery_no AND r.to_position < 0)"),
            new Mutation(
                    "purge without the lock",
                    PURGE,
                    MAIN + "outbox/OutboxPurge.java",
                    "CURRENT_TIMESTAMP AS now FROM outbox_partition WHERE partition_id = ? FOR UPDATE",
                    "CURRENT_TIMESTAMP AS now FROM outbox_partition WHERE partition_id = ?"),
            new Mutation(
                    "purge of the batch that was delivered last",
                    PURGE,
                    MAIN + "outbox/OutboxPurge.java",
                    "p.delivered_position - 1)",
                    "p.delivered_position)"),
            new Mutation(
                    "retention by the age of the row",
                    PURGE,
                    MAIN + "outbox/OutboxPurge.java",
                    "d.delivered_at < ?",
                    "EXISTS (SELECT 1 FROM outbox_batch b WHERE b.partition_id = d.partition_id"
                            + " AND b.last_position = d.to_position AND b.claimed_at < ?)"),
            // Around the protocol
            new Mutation(
                    "several registrations lock no model",
                    REGISTRATION,
                    MAIN + "registration/RegistrationRepository.java",
                    " FOR UPDATE SKIP LOCKED",
                    ""),
            new Mutation(
                    "one registration alone locks no model that is there",
                    REGISTRATION,
                    MAIN + "registration/RegistrationTransaction.java",
                    "&& !repository.lockModel(name)",
                    "&& name.isEmpty()"),
            new Mutation(
                    "new models are made in any order",
                    REGISTRATION,
                    MAIN + "registration/RegistrationTransaction.java",
                    "Collectors.toCollection(TreeSet::new)",
                    "Collectors.toCollection(java.util.LinkedHashSet::new)"),
            new Mutation(
                    "lock-at-most-for shorter than a pass is accepted",
                    SETTINGS,
                    MAIN + "relay/RelaySettings.java",
                    "lockAtMostFor.compareTo(maxPass) <= 0",
                    "lockAtMostFor.compareTo(maxPass) < -1"),
            new Mutation(
                    "lock-at-most-for is not checked at the start",
                    SETTINGS,
                    MAIN + "relay/RelayConfiguration.java",
                    "settings.checkLock(queueSettings.maxCallDuration());",
                    ""));

    public static void main(String[] arguments) throws Exception {
        List<String> wanted = new ArrayList<>(List.of(arguments));
        Path checkout = Path.of("").toAbsolutePath();
        if (wanted.contains("--check")) {
            System.exit(check(checkout));
        }
        int failures = wanted.remove("--first") ? 1 : 0;
        if (wanted.isEmpty()) {
            wanted.add("");
        }
        Path copy = Files.createTempDirectory("mutations-");
        int unnoticed = 0;
        try {
            copyTracked(checkout, copy);
            System.err.println("Compiling a copy ...");
            if (run(copy, "mvn", "-q", "-B", "test-compile") != 0) {
                throw new IllegalStateException("the checkout does not compile:\n" + output(copy));
            }
            String classpath = classpath(copy);
            List<Mutation> asked = MUTATIONS.stream()
                    .filter(mutation -> wanted.stream().anyMatch(mutation.mistake()::contains))
                    .toList();
            String tests = asked.stream().map(Mutation::tests).distinct().collect(Collectors.joining(","));
            if (test(copy, tests, failures) != 0) {
                throw new IllegalStateException("without any mistake these fail: " + failed(copy));
            }
            System.out.println("| mistake | noticed by |\n|---|---|");
            for (Mutation mutation : asked) {
                String noticedBy = noticedBy(copy, classpath, mutation, failures);
                System.out.println("| " + mutation.mistake() + " | " + noticedBy + " |");
                unnoticed += noticedBy.startsWith("**") ? 1 : 0;
            }
        } finally {
            delete(copy);
        }
        System.exit(unnoticed == 0 ? 0 : 1);
    }

    /** Whether every mistake still applies to the code; takes a second. */
    private static int check(Path checkout) throws IOException {
        int gone = 0;
        for (Mutation mutation : MUTATIONS) {
            String code = Files.readString(checkout.resolve(mutation.file()));
            if (ignoringWhiteSpace(mutation.from()).matcher(code).results().count() != 1) {
                System.err.println(mutation.file() + " has changed, and this no longer applies: " + mutation.mistake());
                gone++;
            }
        }
        return gone;
    }

    private static String noticedBy(Path copy, String classpath, Mutation mutation, int failures) throws Exception {
        Path file = copy.resolve(mutation.file());
        String original = Files.readString(file);
        Matcher place = ignoringWhiteSpace(mutation.from()).matcher(original);
        if (place.results().count() != 1) {
            return "**does not apply**: " + mutation.file() + " has changed";
        }
        Files.writeString(file, place.reset().replaceFirst(Matcher.quoteReplacement(mutation.to())));
        try {
            compile(copy, classpath, mutation.file());
            int status = test(copy, mutation.tests(), failures);
            if (status == 0) {
                return "**nothing**";
            }
            String tests = String.join(", ", failed(copy));
            return tests.isEmpty() ? "**the build broke instead**: " + output(copy) : tests;
        } finally {
            Files.writeString(file, original);
            compile(copy, classpath, mutation.file());
        }
    }

    /** @param failures after so many, the rest is skipped; 0: nothing is */
    private static int test(Path copy, String tests, int failures) throws Exception {
        delete(copy.resolve("target/surefire-reports"));
        return run(
                copy,
                "mvn",
                "-B",
                "surefire:test",
                "-Dtest=" + tests,
                "-Dsimulation.schedules=800",
                "-Dsimulation.seed=4711",
                "-Dsurefire.timeout=" + MAX_TEST_SECONDS,
                "-Dsurefire.skipAfterFailureCount=" + failures,
                "-Dsurefire.failIfNoSpecifiedTests=false");
    }

    /** Line breaks and blanks may stand between any two characters that are no part of one word. */
    private static Pattern ignoringWhiteSpace(String text) {
        return Pattern.compile(Pattern.compile("\\w+|[^\\w\\s]")
                .matcher(text.strip())
                .results()
                .map(token -> Pattern.quote(token.group()))
                .collect(Collectors.joining("\\s*")));
    }

    /** The file's whole package, since constants are copied into the classes that use them. */
    private static void compile(Path copy, String classpath, String file) throws Exception {
        if (!file.endsWith(".java")) {
            Path resource = copy.resolve("target/classes").resolve(file.replace(RESOURCES, ""));
            Files.copy(copy.resolve(file), resource, StandardCopyOption.REPLACE_EXISTING);
            return;
        }
        String into = file.startsWith("src/main") ? "target/classes" : "target/test-classes";
        List<String> command = new ArrayList<>(
                List.of("javac", "-nowarn", "-parameters", "-proc:none", "-cp", classpath, "-d", into));
        try (Stream<Path> files = Files.list(copy.resolve(file).getParent())) {
            files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(command::add);
        }
        int status = run(copy, command.toArray(String[]::new));
        if (status != 0) {
            throw new IllegalStateException(file + " does not compile:\n" + output(copy));
        }
    }

    private static String classpath(Path copy) throws Exception {
        if (run(copy, "mvn", "-q", "-B", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath") != 0) {
            throw new IllegalStateException("no class path:\n" + output(copy));
        }
        return String.join(
                File.pathSeparator,
                "target/classes",
                "target/test-classes",
                Files.readString(copy.resolve("target/classpath")).strip());
    }

    private static TreeSet<String> failed(Path copy) throws IOException {
        Pattern failure = Pattern.compile("<testcase name=\"([^\"(\\[{]+)[^>]*classname=\"([^\"]+)\"[^>]*>\\s*<(?:failure|error)");
        TreeSet<String> failed = new TreeSet<>();
        try (Stream<Path> reports = Files.list(copy.resolve("target/surefire-reports"))) {
            for (Path report : reports.filter(r -> r.toString().endsWith(".xml")).toList()) {
                Matcher matcher = failure.matcher(Files.readString(report));
                while (matcher.find()) {
                    String name = matcher.group(2).replaceAll(".*\\.|\\[.*", "");
                    failed.add("`" + name + "." + matcher.group(1) + "`");
                }
            }
        }
        return failed;
    }

    private static void copyTracked(Path checkout, Path copy) throws Exception {
        Process list = new ProcessBuilder("git", "ls-files", "--cached", "--others", "--exclude-standard")
                .directory(checkout.toFile())
                .start();
        List<String> files = new ArrayList<>();
        list.inputReader().lines().forEach(files::add);
        for (String file : files) {
            Path from = checkout.resolve(file);
            if (Files.isRegularFile(from)) {
                Path to = copy.resolve(file);
                Files.createDirectories(to.getParent());
                Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    private static int run(Path copy, String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .directory(copy.toFile())
                .redirectErrorStream(true)
                .redirectOutput(copy.resolve("mutations.log").toFile())
                .start();
        return process.waitFor();
    }

    private static String output(Path copy) throws IOException {
        return Files.readString(copy.resolve("mutations.log"));
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = new ArrayList<>(walk.toList());
        }
        for (int i = files.size() - 1; i >= 0; i--) {
            Files.delete(files.get(i));
        }
    }
}
