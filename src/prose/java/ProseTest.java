import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.languagetool.JLanguageTool;
import org.languagetool.Languages;
import org.languagetool.MultiThreadedJLanguageTool;
import org.languagetool.rules.Rule;
import org.languagetool.rules.RuleMatch;
import org.languagetool.rules.spelling.SpellingCheckRule;

/** Spelling and grammar of the documents. A word that is right and not known goes into vocabulary.txt. */
class ProseTest {

    private static final Path ROOT = Path.of("..", "..");

    /** Stands for what is code in a sentence. A finding beside it says nothing. */
    private static final String CODE = "Thing";

    /** Rules that are wrong about texts like these, or a matter of taste. */
    private static final List<String> DISABLED = List.of(
            "UPPERCASE_SENTENCE_START", // cells of tables
            "ID_CASING", // an id, not an ID
            "A_INFINITIVE", // "an append" is a noun here
            "PHRASE_REPETITION", // columns of tables
            "COMMA_PERIOD_CONFUSION", // versions
            "EN_COMPOUNDS_HASH_TAG", // of Redis Cluster
            "EN_COMPOUNDS_TIME_SHARE",
            "SUBJECT_VERB_AGREEMENT",
            "PLURAL_THAT_AGREEMENT",
            "RELATIVE_CLAUSE_AGREEMENT",
            "EVERY_EACH_SINGULAR",
            "THE_SUPERLATIVE",
            "VERB_APOSTROPHE_S",
            "SPURIOUS_APOSTROPHE",
            "UP_TO_DATE_HYPHEN",
            "FOR_EVER_CA",
            "NO_COMMA_BEFORE_INDIRECT_QUESTION",
            "OXFORD_SPELLING_Z_NOT_S",
            "COMMA_COMPOUND_SENTENCE_2",
            "NEITHER_NOR_SUPERFLUOUS_COMMA",
            "MISSING_COMMA_AFTER_INTRODUCTORY_PHRASE",
            "SENT_START_CONJUNCTIVE_LINKING_ADVERB_COMMA",
            "ENGLISH_WORD_REPEAT_BEGINNING_RULE");

    private static final Pattern LINE_BEGIN = Pattern.compile("^\\s*(?:[*-]|\\d+\\.|#+) ");

    @Test
    void documents_have_no_mistakes() throws IOException {
        JLanguageTool languageTool = languageTool();
        List<String> mistakes = new ArrayList<>();
        for (Path document : documents()) {
            String text = text(Files.readString(document));
            for (RuleMatch match : languageTool.check(text)) {
                if (!besideCode(text, match)) {
                    mistakes.add(ROOT.relativize(document) + ": " + describe(text, match));
                }
            }
        }

        assertThat(mistakes).isEmpty();
    }

    private static JLanguageTool languageTool() throws IOException {
        JLanguageTool languageTool = new MultiThreadedJLanguageTool(Languages.getLanguageForShortCode("en-GB"));
        languageTool.disableRules(DISABLED);
        List<String> vocabulary = Files.readAllLines(Path.of("vocabulary.txt"));
        for (Rule rule : languageTool.getAllActiveRules()) {
            if (rule instanceof SpellingCheckRule spelling) {
                spelling.addIgnoreTokens(vocabulary);
            }
        }
        return languageTool;
    }

    private static List<Path> documents() throws IOException {
        try (Stream<Path> root = Files.list(ROOT);
                Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            return Stream.concat(root, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    /** The paragraphs, headings and cells of a Markdown document, with an empty line between them. */
    private static String text(String markdown) {
        String prose = markdown.replaceAll("(?ms)^ *```.*?^ *```", "\n")
                .replaceAll("(?s)<!--.*?-->", "\n")
                .replaceAll("</?[a-z][^>]*>", "")
                .replaceAll("``|`[^`]+`|https?://[^\\s)]+", CODE)
                .replaceAll("!\\[[^]]*]\\([^)]*\\)", "")
                .replaceAll("\\[([^]]+)]\\([^)]*\\)", "$1")
                .replaceAll("\\*{1,2}", "");
        StringBuilder text = new StringBuilder();
        for (String line : prose.split("\n", -1)) {
            Matcher begin = LINE_BEGIN.matcher(line);
            if (line.strip().startsWith("|")) {
                text.append(line.replaceAll("\\s*\\|[\\s|:-]*", "\n\n"));
            } else if (line.isBlank()) {
                text.append("\n\n");
            } else if (begin.find()) {
                text.append("\n\n").append(line.substring(begin.end())).append(' ');
            } else {
                text.append(line.strip()).append(' ');
            }
        }
        return text.toString();
    }

    private static boolean besideCode(String text, RuleMatch match) {
        return text.substring(Math.max(0, match.getFromPos() - CODE.length() - 1), match.getFromPos())
                        .contains(CODE)
                || text.substring(match.getFromPos(), Math.min(text.length(), match.getToPos() + CODE.length() + 1))
                        .contains(CODE);
    }

    private static String describe(String text, RuleMatch match) {
        String found = text.substring(match.getFromPos(), match.getToPos());
        String around =
                text.substring(Math.max(0, match.getFromPos() - 40), Math.min(text.length(), match.getToPos() + 40));
        return "\"%s\" in \"%s\": %s (%s)"
                .formatted(
                        found,
                        around.replaceAll("\\s+", " "),
                        match.getMessage(),
                        match.getRule().getId());
    }
}
