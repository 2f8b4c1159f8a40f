package ai.hokus.registry.registration;

import ai.hokus.registry.web.Problem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Gives registrations back, in pages. A page shows what is committed when it is read: registrations of different models get
 * their ids in another order than they commit, so what follows a page is no feed of what is new. Thread-safe.
 */
@RestController
@Tag(name = "Registrations")
class RegistrationQueryController {

    private static final String PROBLEM = MediaType.APPLICATION_PROBLEM_JSON_VALUE;

    private static final String LIMIT = "1 to 200, default 50: at most so many";
    private static final String AFTER = "What the page before gave as next";

    private final RegistrationStatements statements;

    RegistrationQueryController(RegistrationStatements statements) {
        this.statements = statements;
    }

    @GetMapping(
            path = {"/models", "/api/models"},
            produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            summary = "List registrations",
            responses = {
                @ApiResponse(
                        responseCode = "200",
                        description = "A page of them, possibly empty",
                        content = @Content(schema = @Schema(implementation = RegistrationPage.class))),
                @ApiResponse(
                        responseCode = "422",
                        description = "A parameter is wrong, each is named",
                        content =
                                @Content(
                                        mediaType = PROBLEM,
                                        schema = @Schema(implementation = Problem.Document.class))),
                @ApiResponse(
                        responseCode = "503",
                        description = "The database failed; send the same request again",
                        content =
                                @Content(
                                        mediaType = PROBLEM,
                                        schema = @Schema(implementation = Problem.Document.class)))
            })
    ResponseEntity<Object> list(
            @Parameter(description = "Only this model", example = "churn-model")
                    @RequestParam(required = false)
                    @Nullable
                    String name,
            @Parameter(description = "Only this version", example = "3") @RequestParam(required = false) @Nullable
                    String version,
            @Parameter(description = LIMIT, schema = @Schema(type = "integer"))
                    @RequestParam(required = false)
                    @Nullable
                    String limit,
            @Parameter(description = AFTER, schema = @Schema(type = "integer"))
                    @RequestParam(required = false)
                    @Nullable
                    String after) {
        RegistrationQuery.Reading reading = RegistrationQuery.read(name, version, limit, after);
        if (reading instanceof RegistrationQuery.Reading.Invalid invalid) {
            return Problem.of(invalid.errors());
        }
        return ResponseEntity.ok(page(((RegistrationQuery.Reading.Valid) reading).query()));
    }

    @GetMapping(
            path = {"/models/{name}/{version}", "/api/models/{name}/{version}"},
            produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            summary = "Read the registrations of one version of a model",
            description = "One for each token. A name with a slash cannot stand in a path: use the list's filters.",
            responses = {
                @ApiResponse(
                        responseCode = "200",
                        description = "A page of them",
                        content = @Content(schema = @Schema(implementation = RegistrationPage.class))),
                @ApiResponse(
                        responseCode = "404",
                        description = "None is stored",
                        content =
                                @Content(
                                        mediaType = PROBLEM,
                                        schema = @Schema(implementation = Problem.Document.class))),
                @ApiResponse(
                        responseCode = "422",
                        description = "A parameter is wrong, each is named",
                        content =
                                @Content(
                                        mediaType = PROBLEM,
                                        schema = @Schema(implementation = Problem.Document.class))),
                @ApiResponse(
                        responseCode = "503",
                        description = "The database failed; send the same request again",
                        content =
                                @Content(
                                        mediaType = PROBLEM,
                                        schema = @Schema(implementation = Problem.Document.class)))
            })
    ResponseEntity<Object> read(
            @Parameter(example = "churn-model") @PathVariable String name,
            @Parameter(example = "3") @PathVariable String version,
            @Parameter(description = LIMIT, schema = @Schema(type = "integer"))
                    @RequestParam(required = false)
                    @Nullable
                    String limit,
            @Parameter(description = AFTER, schema = @Schema(type = "integer"))
                    @RequestParam(required = false)
                    @Nullable
                    String after) {
        RegistrationQuery.Reading reading = RegistrationQuery.read(name, version, limit, after);
        if (reading instanceof RegistrationQuery.Reading.Invalid invalid) {
            return Problem.of(invalid.errors());
        }
        RegistrationQuery query = ((RegistrationQuery.Reading.Valid) reading).query();
        RegistrationPage page = page(query);
        if (page.registrations().isEmpty() && query.after() == 0) {
            return Problem.of(
                    HttpStatus.NOT_FOUND, "No registration of version " + version + " of " + name + " is stored.");
        }
        return ResponseEntity.ok(page);
    }

    /** Reads one more than asked for, to know whether more follow. */
    private RegistrationPage page(RegistrationQuery query) {
        List<StoredRegistration> found = statements.page(query, query.limit() + 1);
        if (found.size() <= query.limit()) {
            return new RegistrationPage(found, null);
        }
        List<StoredRegistration> shown = found.subList(0, query.limit());
        return new RegistrationPage(shown, shown.get(shown.size() - 1).id());
    }
}
