package ai.hokus.registry.benchmark;

import static java.util.stream.Collectors.joining;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Draws {@code docs/performance.svg}: this project and others in the tables of {@code docs/performance.md}, as bars. */
final class PerformancePicture {

    private static final int WIDTH = 940;
    private static final int BARS_AT = 410;
    private static final int MAX_BAR_WIDTH = WIDTH - BARS_AT - 130;
    private static final int ROW = 24;
    private static final int TITLE = 40;
    private static final String LATENCY = "From commit to queue at 200 messages a second: p50 and p99, ms";
    private static final String OWN = "#1f6f8b";
    private static final String OTHER = "#9aa5ab";

    /** The beginning of a cell: a number, of which thousands may be separated. */
    private static final Pattern NUMBER = Pattern.compile("[\\d,]+(\\.\\d+)?");

    private final StringBuilder svg = new StringBuilder();
    private int y = 10;

    private PerformancePicture() {}

    /** A candidate's bar, or two: the shorter one is drawn over the longer one. */
    private record Candidate(String name, boolean own, List<Double> values) {

        double max() {
            return values.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        }
    }

    /** @return the picture of this document, the same for the same tables */
    static String of(String document) {
        PerformancePicture picture = new PerformancePicture();
        picture.bars("Emptying a backlog: messages a second", drain(document), "%,.0f");
        picture.bars(LATENCY, latency(document), "%.1f");
        List<List<String>> debezium = rows(document, "debezium").toList();
        if (!debezium.isEmpty()) {
            picture.bars("Emptying a backlog, beside Debezium Server", debezium(debezium.subList(0, 1)), "%,.0f");
            picture.bars(LATENCY + ", beside Debezium Server", debezium(debezium.subList(1, 3)), "%.1f");
        }
        return """
                <svg xmlns="http://www.w3.org/2000/svg" width="%1$d" height="%2$d" viewBox="0 0 %1$d %2$d" \
                font-family="sans-serif" font-size="13">
                <title>Emptying a backlog, and latency, beside other outboxes</title>
                <rect width="100%%" height="100%%" fill="#ffffff"/>
                %3$s</svg>
                """.formatted(WIDTH, picture.y, picture.svg);
    }

    private static List<Candidate> drain(String document) {
        return rows(document, "drain")
                .filter(cells -> !cells.get(0).startsWith("one relay, in batches of")
                        && !cells.get(0).startsWith("its statements"))
                .map(cells -> candidate(cells, cells.get(0).equals("one relay"), 1))
                .toList();
    }

    private static List<Candidate> latency(String document) {
        return rows(document, "peer-latency")
                .map(cells -> candidate(cells, cells.get(0).startsWith("this project"), 2))
                .toList();
    }

    /** Its table has a column for each of the two, and a row for each figure. */
    private static List<Candidate> debezium(List<List<String>> rows) {
        return Stream.of(1, 2)
                .map(column -> new Candidate(
                        column == 1 ? "this project" : "Debezium Server",
                        column == 1,
                        rows.stream()
                                .map(cells -> number(cells.get(column)).orElseThrow())
                                .toList()))
                .toList();
    }

    private static Candidate candidate(List<String> cells, boolean own, int values) {
        return new Candidate(
                own ? "this project" : cells.get(0),
                own,
                cells.stream()
                        .skip(1)
                        .limit(values)
                        .map(cell -> number(cell).orElseThrow())
                        .toList());
    }

    /** The rows of a section's tables that have a figure in their second column. */
    private static Stream<List<String>> rows(String document, String section) {
        return PerformanceDocument.section(document, section)
                .lines()
                .filter(line -> line.startsWith("| "))
                .map(line -> Arrays.stream(line.substring(1).split("\\|"))
                        .map(String::strip)
                        .toList())
                .filter(cells -> cells.size() > 1 && number(cells.get(1)).isPresent());
    }

    private static OptionalDouble number(String cell) {
        Matcher number = NUMBER.matcher(cell);
        return number.lookingAt()
                ? OptionalDouble.of(Double.parseDouble(number.group().replace(",", "")))
                : OptionalDouble.empty();
    }

    private void bars(String title, List<Candidate> candidates, String format) {
        double max = candidates.stream().mapToDouble(Candidate::max).max().orElse(1);
        text(10, y + 22, "font-weight=\"bold\"", title);
        y += TITLE;
        for (Candidate candidate : candidates) {
            text(BARS_AT - 10, y + 14, "text-anchor=\"end\"", candidate.name());
            List<Double> values = candidate.values();
            for (int i = values.size() - 1; i >= 0; i--) {
                bar(candidate, values.get(i) / max, i == 0 ? "1" : "0.45");
            }
            String figures = values.stream()
                    .map(value -> String.format(Locale.ROOT, format, value))
                    .collect(joining(" / "));
            text(BARS_AT + (int) (candidate.max() / max * MAX_BAR_WIDTH) + 8, y + 14, "", figures);
            y += ROW;
        }
        y += ROW / 2;
    }

    private void bar(Candidate candidate, double share, String opacity) {
        svg.append("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" fill-opacity=\"%s\"/>%n"
                .formatted(
                        BARS_AT,
                        y,
                        Math.max(1, (int) (share * MAX_BAR_WIDTH)),
                        ROW - 6,
                        candidate.own() ? OWN : OTHER,
                        opacity));
    }

    private void text(int x, int baseline, String attributes, String text) {
        svg.append("<text x=\"%d\" y=\"%d\" %s>%s</text>%n"
                .formatted(x, baseline, attributes, text.replace("&", "&amp;").replace("<", "&lt;")));
    }
}
