package ai.hokus.registry.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.ErrorResponseException;

/** Takes a request's body, as far as it is one that this service reads: JSON of a bounded size. */
public final class JsonBody {

    private static final Logger log = LoggerFactory.getLogger(JsonBody.class);

    private JsonBody() {}

    /**
     * The body's bytes. A body without a {@code Content-Type} is taken for JSON, and the parameters of a {@code Content-Type} are
     * ignored, {@code charset} too: JSON is UTF-8.
     *
     * @param maxBytes no more than this is read into memory
     * @throws ErrorResponseException 415 where the body is declared as something else, 413 where it is larger, 400 where it broke off
     */
    public static byte[] read(HttpServletRequest request, int maxBytes) {
        if (!isJson(request.getContentType())) {
            ErrorResponseException refused = Problem.exception(
                    HttpStatus.UNSUPPORTED_MEDIA_TYPE,
                    "The body is not declared as JSON; nothing was stored. Send it as application/json.");
            refused.getHeaders().set(HttpHeaders.ACCEPT, MediaType.APPLICATION_JSON_VALUE);
            throw refused;
        }
        byte[] body;
        try {
            body = request.getInputStream().readNBytes(maxBytes + 1);
        } catch (IOException e) {
            log.debug("A request's body broke off; nothing was stored", e);
            throw Problem.exception(HttpStatus.BAD_REQUEST, "The body broke off; nothing was stored.");
        }
        if (body.length > maxBytes) {
            throw Problem.exception(
                    HttpStatus.CONTENT_TOO_LARGE,
                    "The body is larger than " + maxBytes + " bytes; nothing was stored.");
        }
        return body;
    }

    private static boolean isJson(@Nullable String contentType) {
        if (contentType == null || contentType.isBlank()) {
            return true;
        }
        int end = contentType.indexOf(';');
        String type =
                (end < 0 ? contentType : contentType.substring(0, end)).strip().toLowerCase(Locale.ROOT);
        return type.equals(MediaType.APPLICATION_JSON_VALUE)
                || (type.startsWith("application/") && type.endsWith("+json"));
    }
}
