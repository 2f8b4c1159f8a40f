package ai.hokus.registry.web;

import ai.hokus.registry.ServiceVersion;
import io.swagger.v3.core.converter.ModelConverters;
import io.swagger.v3.oas.annotations.OpenAPIDefinition;
import io.swagger.v3.oas.annotations.enums.SecuritySchemeIn;
import io.swagger.v3.oas.annotations.enums.SecuritySchemeType;
import io.swagger.v3.oas.annotations.info.Info;
import io.swagger.v3.oas.annotations.security.SecurityRequirement;
import io.swagger.v3.oas.annotations.security.SecurityScheme;
import io.swagger.v3.oas.annotations.servers.Server;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.responses.ApiResponses;
import java.util.Map;
import java.util.TreeMap;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;

/**
 * What the API's description says about the service as a whole. The server is wherever the description was loaded from: behind a
 * load balancer, this service does not know its own URL.
 */
@Configuration(proxyBeanMethods = false)
@OpenAPIDefinition(
        info =
                @Info(
                        title = "Registration Outbox",
                        description = "Accepts model registrations whatever Redis is doing, and delivers every"
                                + " registration's event to the Redis queue, in order. An API key may be sent in one of"
                                + " three ways; Authorize takes any of them."),
        servers = @Server(url = "/"),
        security = {
            @SecurityRequirement(name = "bearer"),
            @SecurityRequirement(name = "apiKey"),
            @SecurityRequirement(name = "xApiKey")
        })
@SecurityScheme(
        name = "bearer",
        type = SecuritySchemeType.HTTP,
        scheme = "bearer",
        bearerFormat = "API key",
        description = "Authorization: Bearer KEY")
@SecurityScheme(
        name = "apiKey",
        type = SecuritySchemeType.APIKEY,
        in = SecuritySchemeIn.HEADER,
        paramName = HttpHeaders.AUTHORIZATION,
        description = "Authorization: ApiKey KEY. Enter the word ApiKey, a space, and the key.")
@SecurityScheme(
        name = "xApiKey",
        type = SecuritySchemeType.APIKEY,
        in = SecuritySchemeIn.HEADER,
        paramName = "X-API-Key",
        description = "X-API-Key: KEY")
class OpenApiConfiguration {

    private static final Content PROBLEM = new Content()
            .addMediaType(
                    org.springframework.http.MediaType.APPLICATION_PROBLEM_JSON_VALUE,
                    new MediaType().schema(new Schema<>().$ref("#/components/schemas/Problem")));

    /** By status: what a key, or none, can be answered before its request is looked at. Sorted: {@code Map.of} has no fixed order. */
    private static final Map<String, String> ACCESS_PROBLEMS = new TreeMap<>(Map.of(
            "401", "There is no API key, or it is not known",
            "402", "The balance of the API key's account is insufficient",
            "403", "The API key has none of the scopes that this needs",
            "429", "Too many requests with this API key, or to the auth service; Retry-After says when to come again",
            "503", "The auth service gives no verdict on the API key; Retry-After says when to come again"));

    /** Each operation's problems have one form, and those that a key can bring about have one description. */
    @Bean
    OpenApiCustomizer problems(ServiceVersion version) {
        return api -> {
            api.getInfo().version(version.value());
            ModelConverters.getInstance(true).readAll(Problem.Document.class).forEach(api.getComponents()::addSchemas);
            ACCESS_PROBLEMS.forEach((status, description) -> api.getComponents()
                    .addResponses(
                            status, new ApiResponse().description(description).content(PROBLEM)));
            api.getPaths().values().stream()
                    .flatMap(path -> path.readOperations().stream())
                    .forEach(OpenApiConfiguration::describeProblems);
        };
    }

    private static void describeProblems(Operation operation) {
        ApiResponses responses = operation.getResponses();
        responses.forEach((status, response) -> {
            if (status.startsWith("4") || status.startsWith("5")) {
                response.setContent(PROBLEM);
            }
        });
        if (operation.getSecurity() == null) {
            ACCESS_PROBLEMS
                    .keySet()
                    .forEach(status ->
                            responses.putIfAbsent(status, new ApiResponse().$ref("#/components/responses/" + status)));
        }
    }
}
