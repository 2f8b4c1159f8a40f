package ai.hokus.registry.web;

import java.util.Optional;

/** What this service calls blank, and which text it can store. */
public final class TextRules {

    private TextRules() {}

    /** Without white space at both ends; no-break spaces count too, as in {@code str.strip} of Python, which clients use. */
    public static String trim(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isSpace(text.charAt(start))) {
            start++;
        }
        while (end > start && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    /** Whether nothing is left after {@link #trim}. */
    public static boolean isBlank(String text) {
        return text.chars().allMatch(c -> isSpace((char) c));
    }

    /** Why the text can be neither stored in PostgreSQL nor delivered as UTF-8; empty when it can. */
    public static Optional<String> unstorable(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0) {
                return Optional.of("contains the character NUL (\\u0000), which cannot be stored");
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                return Optional.of("contains half of a surrogate pair (\\u%04x), which no UTF-8 text can carry"
                        .formatted((int) c));
            }
        }
        return Optional.empty();
    }

    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }
}
