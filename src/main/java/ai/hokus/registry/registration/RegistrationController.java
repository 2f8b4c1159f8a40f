package ai.hokus.registry.registration;

import ai.hokus.registry.web.Caller;
import ai.hokus.registry.web.JsonBody;
import ai.hokus.registry.web.Problem;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.util.function.Supplier;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Takes registrations in. Thread-safe. */
@RestController
@Tag(name = "Registrations")
class RegistrationController {

    private final RegistrationService service;
    private final int maxBody;
    private final Counter accepted;
    private final Timer duration;

    RegistrationController(RegistrationService service, RegistrationSettings settings, MeterRegistry registry) {
        this.service = service;
        this.maxBody = Math.toIntExact(settings.maxBody().toBytes());
        // docs/metrics.md explains them; the module metrics lists them, and a test there fails when the two differ.
        this.accepted = Counter.builder("registry.registrations.accepted")
                .baseUnit("registrations")
                .description("New registrations that were stored and answered with 200.")
                .register(registry);
        this.duration = Timer.builder("registry.registration.duration")
                .description(
                        "Time to store a registration, successful or not: the wait for its turn, the transaction and, on H2, the sync.")
                .register(registry);
    }

    @PostMapping(
            path = {"/models/tokenized-registration-events", "/api/models/tokenized-registration-events"},
            produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            summary = "Register a model",
            description = "Stores the registration together with its event, which is delivered to the queue as soon as"
                    + " Redis takes it. The same registration again is answered the same, and gives no second event.",
            requestBody =
                    @RequestBody(
                            required = true,
                            content =
                                    @Content(
                                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                                            schema = @Schema(implementation = RegistrationRequest.class))))
    @ApiResponse(
            responseCode = "200",
            description = "It is on disk, and its event will be delivered",
            content = @Content(schema = @Schema(implementation = RegistrationResponse.class)))
    @ApiResponse(responseCode = "409", description = "Its model, version and token are registered with other content")
    @ApiResponse(responseCode = "413", description = "The body is larger than registry.registration.max-body")
    @ApiResponse(
            responseCode = "415",
            description = "The body is declared as something else than JSON, or is compressed")
    @ApiResponse(responseCode = "422", description = "Fields are missing or wrong, each is named; nothing was stored")
    @ApiResponse(responseCode = "503", description = "The database failed; Retry-After says when to send it again")
    ResponseEntity<Object> register(HttpServletRequest request) {
        RegistrationRequest registration = RequestReader.read(JsonBody.read(request, maxBody));
        String userId = Caller.userId(request);
        Supplier<RegistrationResult> storing = () -> service.register(registration, userId);
        RegistrationResult result = duration.wrap(storing).get();
        if (result == RegistrationResult.REGISTERED) {
            accepted.increment();
        }
        return switch (result) {
            case REGISTERED, ALREADY_REGISTERED ->
                ResponseEntity.ok()
                        .contentType(MediaType.APPLICATION_JSON)
                        .body(RegistrationResponse.to(registration).json());
            case CONFLICT ->
                Problem.of(
                        HttpStatus.CONFLICT,
                        registration.modelId() + " is registered already, with other content; nothing was changed."
                                + " Register other content under another version or token.");
        };
    }
}
