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
import java.util.stream.Stream;

/**
 * Breaks the protocol on purpose, one mistake at a time, in a copy of this checkout, and prints which tests notice.
 *
 * <p>{@code java src/chaos/mutations/Mutations.java [part of a mistake's name]} from the checkout's root; ends with 1 when a
 * mistake goes unnoticed, or no longer applies to the code: then change the list below together with the code.
 */
public class Mutations {

    private static final String MAIN = "src/main/java/ai/hokus/registry/";
    private static final String TEST = "src/test/java/ai/hokus/registry/";
    private static final String PROTOCOL = "ProtocolSimulationTest,OutboxTest";
    private static final String TWIN = "ProtocolSimulationTest,InMemoryMessageQueueTest";
    private static final String REDIS = "RedisMessageQueueTest";
    private static final String REGISTRATION = "RegistrationTransactionOnH2Test,RegistrationTransactionOnPostgreSqlTest";
    private static final String SETTINGS = "RelaySettingsTest";

    /**
     * @param tests that are asked whether they notice
     */
    private record Mutation(String mistake, String tests, String file, String from, String to) {}

    private static final List<Mutation> MUTATIONS = List.of(
            new Mutation(
                    "no comparison, in Redis",
                    REDIS,
                    MAIN + "queue/redis/QueueScripts.java",
                    "if (newest or '') ~= expected then return {'STALE', newest} end",
                    ""),
            new Mutation(
                    "no comparison, in the queue's twin",
                    TWIN,
                    TEST + "queue/InMemoryMessageQueue.java",
                    "if (!Objects.equals(newest, append.expected())) {",
                    "if (newest == null && append == null) {"),
            new Mutation(
                    "no history check: a checkpoint's position is believed, whichever message it names",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "isInHistory(newest, locked)",
                    "newest.position() <= Long.MAX_VALUE"),
            new Mutation(
                    "acknowledgement before append: a claim counts as delivered what it hands out",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "row.lastPosition() + taken.fresh().size(),\n                delivered,",
                    "row.lastPosition() + taken.fresh().size(),\n                delivered + taken.messages().size(),"),
            new Mutation(
                    "purge of the last delivered message",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPurge.java",
                    "bounds.delivered() - 1",
                    "bounds.delivered()"),
            new Mutation(
                    "claim by highest id: what committed behind it is never seen",
                    PROTOCOL,
                    MAIN + "outbox/DatabaseKind.java",
                    "WHERE m.position IS NULL AND m.partition_id = \"",
                    "WHERE m.position IS NULL AND m.id > COALESCE((SELECT max(x.id)"
                            + " FROM outbox_message x WHERE x.position IS NOT NULL), 0) AND m.partition_id = \""),
            new Mutation(
                    "scan without its bound",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "new Scan(0, row.highestId())",
                    "new Scan(0, Long.MAX_VALUE)"),
            new Mutation(
                    "rewind without the second look",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "if ((backward || located.foreign()) && !request.confirmed()) {",
                    "if (backward && located.foreign() && !request.confirmed()) {"),
            new Mutation(
                    "what was claimed ahead is sent, whatever became of the batch before it",
                    PROTOCOL,
                    MAIN + "relay/RelayPass.java",
                    "if (ahead == null || !(result instanceof AppendResult.Appended) || ",
                    "if (ahead == null || "),
            new Mutation(
                    "what is claimed ahead comes after what was delivered, not after what is under way",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "take(row, follows, request)",
                    "take(row, delivered, request)"),
            new Mutation(
                    "what is claimed ahead is not checked against what another relay did meanwhile",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "underWay.after() < locked.row().deliveredPosition()",
                    "underWay.after() < 0"),
            new Mutation(
                    "what is claimed ahead is not checked against what a restored database has",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "!isInHistory(underWay.last(), locked)",
                    "underWay.last().position() > locked.row().lastPosition()"),
            new Mutation(
                    "a checkpoint is known by its position and message, whichever claim gave the position",
                    PROTOCOL,
                    MAIN + "outbox/PartitionStatements.java",
                    "AND ? IN (0, m.term)) AS found",
                    "AND ? >= 0) AS found"),
            new Mutation(
                    "all claims have the same term",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPartition.java",
                    "TERMS.nextInt(Integer.MAX_VALUE) + 1",
                    "TERMS.nextInt(1) + 1"),
            new Mutation(
                    "several registrations lock no model",
                    REGISTRATION,
                    MAIN + "registration/RegistrationStatements.java",
                    " FOR UPDATE SKIP LOCKED",
                    ""),
            new Mutation(
                    "one registration alone locks no model that is there",
                    REGISTRATION,
                    MAIN + "registration/RegistrationTransaction.java",
                    "&& !statements.lockModel(name)",
                    "&& name.isEmpty()"),
            new Mutation(
                    "retention by the age of the row",
                    PROTOCOL,
                    MAIN + "outbox/OutboxPurge.java",
                    "SELECT max(to_position) FROM outbox_delivery WHERE partition_id = ? AND delivered_at < ?",
                    "SELECT max(position) FROM outbox_message WHERE partition_id = ? AND created_at < ?"),
            new Mutation(
                    "lock-at-most-for shorter than a pass is accepted",
                    SETTINGS,
                    MAIN + "relay/RelaySettings.java",
                    "lockAtMostFor.compareTo(longestPass) <= 0",
                    "lockAtMostFor.compareTo(longestPass) < -1"),
            new Mutation(
                    "lock-at-most-for is not checked at the start",
                    SETTINGS,
                    MAIN + "relay/RelayConfiguration.java",
                    "settings.checkLock(queueSettings.longestCall());",
                    ""));

    public static void main(String[] arguments) throws Exception {
        String only = arguments.length == 0 ? "" : arguments[0];
        Path checkout = Path.of("").toAbsolutePath();
        Path copy = Files.createTempDirectory("mutations-");
        int unnoticed = 0;
        try {
            copyTracked(checkout, copy);
            System.err.println("Compiling a copy ...");
            if (run(copy, "mvn", "-q", "-B", "test-compile") != 0) {
                throw new IllegalStateException("the checkout does not compile:\n" + output(copy));
            }
            String classpath = classpath(copy);
            System.out.println("| mistake | noticed by |\n|---|---|");
            for (Mutation mutation : MUTATIONS) {
                if (mutation.mistake().contains(only)) {
                    String noticedBy = noticedBy(copy, classpath, mutation);
                    System.out.println("| " + mutation.mistake() + " | " + noticedBy + " |");
                    unnoticed += noticedBy.startsWith("**") ? 1 : 0;
                }
            }
        } finally {
            delete(copy);
        }
        System.exit(unnoticed == 0 ? 0 : 1);
    }

    private static String noticedBy(Path copy, String classpath, Mutation mutation) throws Exception {
        Path file = copy.resolve(mutation.file());
        String original = Files.readString(file);
        if (original.split(Pattern.quote(mutation.from()), -1).length != 2) {
            return "**does not apply**: " + mutation.file() + " has changed";
        }
        Files.writeString(file, original.replace(mutation.from(), mutation.to()));
        try {
            compile(copy, classpath, mutation.file());
            delete(copy.resolve("target/surefire-reports"));
            int status = run(
                    copy,
                    "mvn",
                    "-B",
                    "surefire:test",
                    "-Dtest=" + mutation.tests(),
                    "-Dsimulation.schedules=800",
                    "-Dsimulation.seed=4711",
                    "-Dsurefire.failIfNoSpecifiedTests=false");
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

    /** The file's whole package, since constants are copied into the classes that use them. */
    private static void compile(Path copy, String classpath, String file) throws Exception {
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
