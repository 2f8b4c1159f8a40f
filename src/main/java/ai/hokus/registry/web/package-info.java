/**
 * What all HTTP endpoints share.
 *
 * <p><b>Owns</b> the form of every problem answer ({@link ai.hokus.registry.web.Problem}), reading a JSON body
 * ({@link ai.hokus.registry.web.JsonBody}), request ids, the caller's id, the description of the API ({@code openapi.json},
 * which a test writes from the controllers with springdoc) and Swagger UI, and how the web server treats paths and methods
 * before a controller sees them.
 *
 * <p><b>Promises</b> that a client's mistake is answered with a 4xx, as {@code application/problem+json} and without a stack
 * trace, wherever it is found; that a trailing slash and the parameters of a {@code Content-Type} make no difference, nor does the
 * {@code Accept} header, except on pages that a library serves; that no redirect names a scheme or a host.
 *
 * <p><b>May call</b> no other module; {@code registration} and {@code operations} call this one.
 *
 * <p><b>Runs on</b> request threads.
 */
@NullMarked
package ai.hokus.registry.web;

import org.jspecify.annotations.NullMarked;
