/**
 * Who may come in, and how much of the service one of them may use up.
 *
 * <p><b>Owns</b> API keys and the two places that know them (a key file, an auth service), the table of rules that says
 * which scope each path needs, the answers 401, 402, 403, 405, 429 and 503 that follow from them, the answers' security
 * headers, and the limits that hold before a request reaches a controller: number of headers, time to send a body, requests
 * of one key.
 *
 * <p><b>Promises</b> that a path without a rule lets no one in; that a key is compared by its SHA-256 alone and never
 * stands in a log, an exception or a {@code toString}; that nothing is verified for a path that is open, so that health
 * checks never wait for an auth service; that a request with a key that was verified before waits for nobody; that a request
 * thread is given back within a bounded time, however slowly its client sends or the auth service answers.
 *
 * <p><b>May call</b> no other package of ours. The others learn the caller's id from the servlet request's principal, and how the auth
 * service answers from {@link ai.hokus.registry.security.AuthServiceWatch}.
 *
 * <p><b>Runs on</b> request threads: {@link ai.hokus.registry.security.RequestBodyTimeoutValve}, then Spring Security's
 * filters with {@link ai.hokus.registry.security.ApiKeyFilter} among them. The auth service is asked on threads of the HTTP
 * client.
 */
@NullMarked
package ai.hokus.registry.security;

import org.jspecify.annotations.NullMarked;
