package ai.hokus.registry.registration;

import ai.hokus.registry.registration.RegistrationRepository.Size;
import ai.hokus.registry.web.Problem;
import com.fasterxml.jackson.annotation.JsonInclude;
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
 * Lists registrations in pages, in the order of their ids. A page shows what is committed when it is read. Registrations of
 * different models may commit in another order than their ids, so a client that polls for later pages may miss some.
 * Thread-safe.
 */
@RestController
@Tag(name = "Registrations")
record RegistrationQueryController(RegistrationRepository repository) {

    private static final String TOO_MANY =
            "Too many requests with this API key, or to the auth service, or too many reads at once;"
                    + " Retry-After says when to come again";

    /** Which page a client wants, as written in the URL. */
    record PageRequest(
            @Parameter(
                    description = "Maximum page size, 1 to 200; default 50. Large registrations make shorter pages",
                    schema = @Schema(type = "integer"))
            @Nullable
            String limit,

            @Parameter(description = "The field next of the previous page", schema = @Schema(type = "integer"))
            @Nullable
            String after) {}

    @Schema(description = "Some registrations, in the order in which they were stored")
    @JsonInclude(JsonInclude.Include.ALWAYS)
    record RegistrationPage(
            List<StoredRegistration> registrations,

            @Schema(
                    nullable = true,
                    description = "The value of after for the next page; null if this is the last one",
                    example = "50")
            @Nullable
            Long next) {}

    @GetMapping(
            path = {"/models", "/api/models"},
            produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "List registrations")
    @ApiResponse(responseCode = "200", description = "A page of them, possibly empty")
    @ApiResponse(responseCode = "422", description = "A parameter is wrong, each is named")
    @ApiResponse(responseCode = "429", description = TOO_MANY)
    @ApiResponse(responseCode = "503", description = "The database failed; send the same request again")
    RegistrationPage list(
            @Parameter(description = "Only this model", example = "churn-model")
                    @RequestParam(required = false)
                    @Nullable
                    String name,
            @Parameter(description = "Only this version; needs name", example = "3")
                    @RequestParam(required = false)
                    @Nullable
                    String version,
            PageRequest page) {
        return page(RegistrationQuery.read(name, version, page));
    }

    @GetMapping(
            path = {"/models/{name}/{version}", "/api/models/{name}/{version}"},
            produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            summary = "Read the registrations of one version of a model",
            description = "One for each token. A name with a slash cannot stand in a path: use the list's filters.")
    @ApiResponse(
            responseCode = "200",
            description = "A page of them",
            content = @Content(schema = @Schema(implementation = RegistrationPage.class)))
    @ApiResponse(responseCode = "404", description = "None is stored")
    @ApiResponse(responseCode = "422", description = "A parameter is wrong, each is named")
    @ApiResponse(responseCode = "429", description = TOO_MANY)
    @ApiResponse(responseCode = "503", description = "The database failed; send the same request again")
    ResponseEntity<Object> read(
            @Parameter(example = "churn-model") @PathVariable String name,
            @Parameter(example = "3") @PathVariable String version,
            PageRequest page) {
        RegistrationQuery query = RegistrationQuery.read(name, version, page);
        RegistrationPage found = page(query);
        if (found.registrations().isEmpty() && query.after() == 0) {
            return Problem.of(
                    HttpStatus.NOT_FOUND, "No registration of version " + version + " of " + name + " is stored.");
        }
        return ResponseEntity.ok(found);
    }

    /** Looks at the sizes first, and at one more than asked for, to know whether more follow. */
    private RegistrationPage page(RegistrationQuery query) {
        List<Size> sizes = repository.sizes(query, query.limit() + 1);
        int rows = 0;
        for (int bytes = 0;
                rows < Math.min(sizes.size(), query.limit()) && bytes < RegistrationQuery.MAX_BYTES;
                rows++) {
            bytes += sizes.get(rows).bytes();
        }
        List<StoredRegistration> shown = repository.page(query, rows);
        // One that was committed meanwhile, with a lower id, pushes the last one out of this page.
        Long last = shown.isEmpty() ? null : shown.get(shown.size() - 1).id();
        return new RegistrationPage(
                shown, last != null && last < sizes.get(sizes.size() - 1).id() ? last : null);
    }
}
