package ai.hokus.registry.security;

import ai.hokus.registry.Sha256;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * A key as a request presents it. Compared, cached and counted by its SHA-256; its text is for the auth service alone.
 * Made by {@code of} only.
 *
 * @param text the key itself. Never log it, not even half of it
 * @param sha256 64 hexadecimal digits, lower case
 */
record ApiKey(String text, String sha256) {

    /** Far more than any key that was ever issued; what is longer is not even hashed. */
    private static final int MAX_LENGTH = 512;

    private static final String HEADER = "X-API-Key";

    private ApiKey(String text) {
        this(text, Sha256.of(text));
    }

    /**
     * The key of {@code Authorization: Bearer KEY}, {@code Authorization: ApiKey KEY} or {@code X-API-Key: KEY}, in this
     * order. Empty when there is none, or when it holds anything that no key does: white space, control characters, letters
     * outside ASCII.
     */
    static Optional<ApiKey> of(HttpServletRequest request) {
        String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        return Stream.of(
                        afterScheme("Bearer ", authorization),
                        afterScheme("ApiKey ", authorization),
                        Optional.ofNullable(request.getHeader(HEADER)))
                .flatMap(Optional::stream)
                .findFirst()
                .map(String::strip)
                .filter(ApiKey::isPossible)
                .map(ApiKey::new);
    }

    static ApiKey of(String text) {
        if (!isPossible(text)) {
            throw new IllegalArgumentException("no key looks like this one");
        }
        return new ApiKey(text);
    }

    private static Optional<String> afterScheme(String scheme, @Nullable String authorization) {
        return authorization != null && authorization.regionMatches(true, 0, scheme, 0, scheme.length())
                ? Optional.of(authorization.substring(scheme.length()))
                : Optional.empty();
    }

    private static boolean isPossible(String text) {
        return !text.isEmpty() && text.length() <= MAX_LENGTH && text.chars().allMatch(c -> '!' <= c && c <= '~');
    }

    @Override
    public String toString() {
        return "an API key";
    }
}
