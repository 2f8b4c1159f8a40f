package ai.hokus.registry.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Collections;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Refuses compressed bodies, and says so: 415 with {@code Accept-Encoding: identity} (RFC 9110, 12.5.3). They are not worth
 * reading here: a registration has 2 KB, and a body of 1 KB can unpack to 1 GB.
 */
final class ContentEncodingInterceptor implements HandlerInterceptor {

    private static final String IDENTITY = "identity";

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        boolean encoded = Collections.list(request.getHeaders(HttpHeaders.CONTENT_ENCODING)).stream()
                .map(String::strip)
                .anyMatch(encoding -> !encoding.isEmpty() && !encoding.equalsIgnoreCase(IDENTITY));
        if (encoded) {
            ErrorResponseException refused = Problem.exception(
                    HttpStatus.UNSUPPORTED_MEDIA_TYPE,
                    "Compressed bodies (Content-Encoding) are not supported; nothing was stored. Send the body as it is.");
            refused.getHeaders().set(HttpHeaders.ACCEPT_ENCODING, IDENTITY);
            throw refused;
        }
        return true;
    }
}
