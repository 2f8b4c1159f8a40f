package ai.hokus.registry.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Every acknowledged registration against what the consumer popped.
 *
 * <p>What is expected:
 *
 * <ul>
 *   <li>neither Redis nor the database lost state: nothing lost, doubled or misordered, and no rewind on record or counted;
 *   <li>Redis lost state: nothing lost or misordered; again come only messages that were in the state it fell back to, or
 *       come after its newest checkpoint; the rewind is on record, logged as a warning and counted;
 *   <li>the database was restored: nothing that the restored database holds is missing;
 *   <li>whatever happened: delivery goes on without a human, unless a human is a part of the scenario.
 * </ul>
 */
final class Ledger {

    private static final Pattern OWN = Pattern.compile("(.*-own\\d+)/(\\d+)/T");
    static final String REWIND_LOGGED = "are sent again with their old message_ids";

    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, String> facts = new LinkedHashMap<>();

    /**
     * One scenario.
     *
     * @param popped events of this scenario's registrations, each once
     * @param again pops of an event that had been popped before
     * @param misordered events that came after a later one of their model, at their first appearance
     * @param human whether an operator had to act, or acted as a part of the scenario
     * @param recovered from the fault's end until all that had been acknowledged by then was popped
     * @param failures empty: as expected
     */
    record Entry(
            String scenario,
            int acknowledged,
            int popped,
            int lost,
            int again,
            int misordered,
            long rewinds,
            boolean human,
            Duration recovered,
            List<String> notes,
            List<String> failures) {

        static Entry failed(String scenario, Throwable why) {
            return new Entry(scenario, 0, 0, 0, 0, 0, 0, false, Duration.ZERO, List.of(), List.of(why.toString()));
        }

        static Entry skipped(String scenario, String why) {
            return new Entry(scenario, 0, 0, 0, 0, 0, 0, false, Duration.ZERO, List.of("skipped: " + why), List.of());
        }
    }

    /**
     * What a rewind leaves behind, of one scenario.
     *
     * @param onRecord rows of {@code outbox_rewind}
     * @param warned whether an instance has logged one
     * @param counted whether an instance has counted one; a killed one takes its counter along, but no scenario in which
     *     Redis loses something kills instances
     */
    record Rewinds(long onRecord, boolean warned, boolean counted) {}

    void fact(String name, String value) {
        facts.put(name, value);
    }

    void add(Entry entry) {
        entries.add(entry);
    }

    /**
     * @param popped by the consumer since the scenario began, of whichever scenario
     */
    static Entry judge(String scenario, Play play, List<Consumer.Popped> popped, Duration recovered, Rewinds rewinds) {
        List<Consumer.Popped> mine = popped.stream()
                .filter(p -> p.modelId().startsWith(play.load.prefix() + "-"))
                .toList();
        Map<String, Stored> stored = stored(play);
        List<String> failures = new ArrayList<>(play.complaints());
        failures.addAll(play.load.surprises());

        Set<String> arrived = new HashSet<>();
        Map<String, String> messageOf = new HashMap<>();
        List<Consumer.Popped> firsts = new ArrayList<>();
        int again = 0;
        int unexplained = 0;
        for (Consumer.Popped event : mine) {
            arrived.add(event.modelId());
            String message = messageOf.putIfAbsent(event.modelId(), event.messageId());
            if (message == null) {
                firsts.add(event);
                continue;
            }
            if (!message.equals(event.messageId()) && !play.isDatabaseRestored()) {
                failures.add(event.modelId() + " came as two messages, " + message + " and " + event.messageId());
            }
            again++;
            unexplained += isExplained(event, stored, play) ? 0 : 1;
        }

        Set<String> lost = new HashSet<>(play.load.acknowledged());
        if (play.isDatabaseRestored()) {
            stored.values().forEach(s -> lost.add(s.modelId()));
            Set<String> held = new HashSet<>();
            stored.values().forEach(s -> held.add(s.modelId()));
            lost.retainAll(held);
        }
        lost.removeAll(arrived);
        lost.removeAll(play.taken());
        Set<String> neverSent = new HashSet<>(arrived);
        neverSent.removeAll(play.load.sent());
        int misordered = play.isDatabaseRestored() ? 0 : misordered(firsts, stored);

        expectNone(failures, "lost", lost.size(), lost);
        expectNone(failures, "never registered", neverSent.size(), neverSent);
        expectNone(failures, "misordered", misordered, "");
        if (play.stage.haltedPartitions() > 0) {
            failures.add("a partition is stopped or paused, and waits for a human");
        }
        if (!play.isDatabaseRestored() && !play.mayAnythingComeAgain()) {
            expectNone(failures, "popped again without a reason", unexplained, "");
            boolean fellBack = !play.fallbacks().isEmpty();
            if (fellBack && !(rewinds.onRecord() > 0 && rewinds.warned() && rewinds.counted())) {
                failures.add("Redis fell back, and not all of its traces are there: " + rewinds);
            }
            if (!fellBack && (rewinds.onRecord() > 0 || rewinds.counted())) {
                failures.add("Redis lost nothing, and yet: " + rewinds);
            }
        }
        return new Entry(
                scenario,
                play.load.acknowledgements(),
                firsts.size(),
                lost.size(),
                again,
                misordered,
                rewinds.onRecord(),
                play.hasOperatorActed(),
                recovered,
                List.copyOf(play.notes()),
                List.copyOf(failures));
    }

    /** A message of the database, in the order of its ids, which per model is the order of commits. */
    private record Stored(String modelId, String model, long id, Long position) {}

    private static Map<String, Stored> stored(Play play) {
        Map<String, Stored> stored = new HashMap<>();
        play.stage
                .postgres()
                .jdbc()
                .query(
                        """
                        WITH q AS MATERIALIZED (SELECT * FROM outbox_position) -- once, and not for each message
                        SELECT m.message_id, m.message_key, m.id, q.position,
                               r.model_name || '/' || r.version || '/' || r.token_id
                        FROM outbox_message m JOIN registration r ON r.message_id = m.message_id
                        LEFT JOIN q ON q.partition_id = m.partition_id AND q.id = m.id
                        WHERE m.message_key LIKE ? AND m.copy_no = 0
                        """,
                        row -> {
                            stored.put(
                                    row.getString(1),
                                    new Stored(
                                            row.getString(5),
                                            row.getString(2),
                                            row.getLong(3),
                                            row.getObject(4, Long.class)));
                        },
                        play.load.prefix() + "-%");
        return stored;
    }

    private static boolean isExplained(Consumer.Popped event, Map<String, Stored> stored, Play play) {
        Stored message = stored.get(event.messageId());
        if (message == null || message.position() == null) {
            return play.isPurged() && !play.fallbacks().isEmpty();
        }
        return play.fallbacks().stream().anyMatch(state -> state.explains(event.messageId(), message.position()));
    }

    private static int misordered(List<Consumer.Popped> firsts, Map<String, Stored> stored) {
        int misordered = 0;
        Map<String, Long> newest = new HashMap<>();
        Map<String, Long> newestVersion = new HashMap<>();
        for (Consumer.Popped event : firsts) {
            Stored message = stored.get(event.messageId());
            Matcher own = OWN.matcher(event.modelId());
            boolean late = message != null && isLate(newest, message.model(), message.id());
            late |= own.matches() && isLate(newestVersion, own.group(1), Long.parseLong(own.group(2)));
            misordered += late ? 1 : 0;
        }
        return misordered;
    }

    private static boolean isLate(Map<String, Long> newest, String model, long number) {
        Long before = newest.merge(model, number, Math::max);
        return before > number;
    }

    private static void expectNone(List<String> failures, String what, int count, Object detail) {
        if (count > 0) {
            String shown = detail.toString();
            failures.add(count + " " + what + " " + shown.substring(0, Math.min(shown.length(), 500)));
        }
    }

    /** Writes {@code ledger-SEED.md} and {@code .json}. */
    void write(Path folder, long seed) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("ledger-" + seed + ".md"), markdown(), StandardCharsets.UTF_8);
            Files.writeString(folder.resolve("ledger-" + seed + ".json"), json(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String markdown() {
        StringBuilder text = new StringBuilder("# Ledger\n\n");
        facts.forEach((name, value) ->
                text.append("* ").append(name).append(": ").append(value).append('\n'));
        text.append(
                "\n| scenario | acknowledged | popped | lost | again | misordered | rewinds | human needed | recovered | |\n");
        text.append("|---|---:|---:|---:|---:|---:|---:|---|---:|---|\n");
        for (Entry entry : entries) {
            List<String> remarks = new ArrayList<>(entry.notes());
            entry.failures().forEach(failure -> remarks.add("**FAILED** " + failure.replace('\n', ' ')));
            text.append(String.format(
                    "| %s | %d | %d | %d | %d | %d | %d | %s | %.1f s | %s |%n",
                    entry.scenario(),
                    entry.acknowledged(),
                    entry.popped(),
                    entry.lost(),
                    entry.again(),
                    entry.misordered(),
                    entry.rewinds(),
                    entry.human() ? "yes" : "no",
                    entry.recovered().toMillis() / 1000.0,
                    String.join("; ", remarks)));
        }
        return text.toString();
    }

    private String json() {
        List<String> rows = new ArrayList<>();
        for (Entry entry : entries) {
            Map<String, String> fields = new TreeMap<>();
            fields.put("scenario", quoted(entry.scenario()));
            fields.put("acknowledged", Integer.toString(entry.acknowledged()));
            fields.put("popped", Integer.toString(entry.popped()));
            fields.put("lost", Integer.toString(entry.lost()));
            fields.put("again", Integer.toString(entry.again()));
            fields.put("misordered", Integer.toString(entry.misordered()));
            fields.put("rewinds", Long.toString(entry.rewinds()));
            fields.put("human", Boolean.toString(entry.human()));
            fields.put("recovered_ms", Long.toString(entry.recovered().toMillis()));
            fields.put("notes", quoted(entry.notes()));
            fields.put("failures", quoted(entry.failures()));
            rows.add("    " + object(fields));
        }
        Map<String, String> top = new LinkedHashMap<>();
        facts.forEach((name, value) -> top.put(name, quoted(value)));
        top.put("scenarios", "[\n" + String.join(",\n", rows) + "\n  ]");
        return object(top) + "\n";
    }

    private static String object(Map<String, String> fields) {
        List<String> parts = new ArrayList<>();
        fields.forEach((name, value) -> parts.add(quoted(name) + ": " + value));
        return "{" + String.join(", ", parts) + "}";
    }

    private static String quoted(List<String> texts) {
        return "[" + String.join(", ", texts.stream().map(Ledger::quoted).toList()) + "]";
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c < ' ' || c == '"' || c == '\\') {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }
}
