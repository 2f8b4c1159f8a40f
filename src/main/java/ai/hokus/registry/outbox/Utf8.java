package ai.hokus.registry.outbox;

/** Sizes of text in UTF-8, without encoding it. */
final class Utf8 {

    private Utf8() {}

    /** Bytes that the text takes in UTF-8. */
    static long length(String text) {
        long bytes = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                // A surrogate pair is two chars and four bytes; any other char above 0x7FF is three.
                bytes += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return bytes;
    }
}
