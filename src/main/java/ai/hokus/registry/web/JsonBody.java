package ai.hokus.registry.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Collections;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.ErrorResponseException;

/** Reads a request's body, and refuses any that is not JSON of a bounded size. */
public final class JsonBody {

    private static final Logger log = LoggerFactory.getLogger(JsonBody.class);

    private static final String IDENTITY = "identity";

    private static final Pattern BLANK_OR_JSON =
            Pattern.compile("(?i)\\s*(application/(json|[^;]*\\+json)\\s*(;.*)?)?");

    private JsonBody() {}

    /**
     * The body's bytes. A body without a {@code Content-Type} is taken for JSON, and the parameters of a {@code Content-Type}
     * are ignored, {@code charset} too: JSON is UTF-8. A compressed body is refused, because 1 KB can unpack to 1 GB; the
     * answer says what is read instead (RFC 9110, 12.5.3).
     *
     * @param maxBytes no more than this is read into memory
     * @throws ErrorResponseException 415 where the body is declared as something else or as compressed, 413 where it is larger,
     *     400 where it broke off
     */
    public static byte[] read(HttpServletRequest request, int maxBytes) {
        if (!Collections.list(request.getHeaders(HttpHeaders.CONTENT_ENCODING)).stream()
                .allMatch(encoding -> encoding.isBlank() || encoding.strip().equalsIgnoreCase(IDENTITY))) {
            ErrorResponseException refused = Problem.exception(
                    HttpStatus.UNSUPPORTED_MEDIA_TYPE,
                    "Compressed bodies (Content-Encoding) are not supported; nothing was stored. Send the body as it is.");
            refused.getHeaders().set(HttpHeaders.ACCEPT_ENCODING, IDENTITY);
            throw refused;
        }
        String contentType = request.getContentType();
        if (contentType != null && !BLANK_OR_JSON.matcher(contentType).matches()) {
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
}
