package ai.hokus.registry.security;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;

/** Answers, as {@code application/problem+json}, requests that the web server refuses before any controller sees them. */
final class ProblemErrorReportValve extends ErrorReportValve {

    private static final Set<Integer> NOT_SPOKEN = Set.of(501, 505);

    private final int maxHeaders;

    ProblemErrorReportValve(int maxHeaders) {
        this.maxHeaders = maxHeaders;
    }

    @Override
    protected void report(Request request, Response response, @Nullable Throwable failure) {
        int status = response.getStatus();
        if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
            return;
        }
        if (NOT_SPOKEN.contains(status) && !response.isCommitted()) {
            // An unsupported HTTP version or transfer coding: the client's mistake, so not a 5xx that sets off alarms.
            status = HttpStatus.BAD_REQUEST.value();
            response.setStatus(status);
        }
        HttpStatus known = HttpStatus.resolve(status);
        String title = known == null ? "Error" : known.getReasonPhrase();
        String detail = known == HttpStatus.BAD_REQUEST
                ? "The request line or the headers are malformed, more than " + maxHeaders
                        + " headers, or too large together. " + SecurityProblems.OTHER_WAY
                : "The request was refused.";
        try {
            response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
            response.setCharacterEncoding(StandardCharsets.UTF_8);
            Writer writer = response.getReporter();
            if (writer != null) {
                writer.write("{\"title\":\"" + title + "\",\"status\":" + status + ",\"detail\":\"" + detail + "\"}");
                response.finishResponse();
            }
        } catch (IOException | IllegalStateException e) {
            // The client went away, or an answer is under way already.
            container.getLogger().debug("a refusal could not be sent", e);
        }
    }
}
