package ai.hokus.registry.web;

import ai.hokus.registry.RegistrationOutboxApplication;
import com.fasterxml.jackson.databind.AnnotationIntrospector;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.NopAnnotationIntrospector;
import io.swagger.v3.core.converter.ModelConverters;
import io.swagger.v3.core.util.Json31;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.responses.ApiResponses;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import io.swagger.v3.oas.models.servers.Server;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpHeaders;

/**
 * What the API's description says about the service as a whole. For {@link OpenApiDocumentTest} alone, which imports it: the
 * service has no springdoc.
 */
class OpenApiConfiguration {

    private static final String BEARER = "Authorization: Bearer KEY";
    private static final String API_KEY = "Authorization: ApiKey KEY";
    private static final String HEADER = "X-API-Key: KEY";

    private static final Content PROBLEM = new Content()
            .addMediaType(
                    org.springframework.http.MediaType.APPLICATION_PROBLEM_JSON_VALUE,
                    new MediaType()
                            .schema(new io.swagger.v3.oas.models.media.Schema<>()
                                    .$ref("#/components/schemas/Problem")));

    /** By status: what a key, or none, can be answered before its request is looked at. */
    private static final Map<String, String> ACCESS_PROBLEMS = new TreeMap<>(Map.of(
            "401", "There is no API key, or it is not known",
            "402", "The balance of the API key's account is insufficient",
            "403", "The API key has none of the scopes that this needs",
            "429", "Too many requests with this API key, or to the auth service; Retry-After says when to come again",
            "503", "The auth service gives no verdict on the API key; Retry-After says when to come again"));

    /** The server is wherever the description was loaded from: behind a load balancer, this service does not know its own URL. */
    @Bean
    OpenAPI openApi() {
        namesInSnakeCase();
        return new OpenAPI()
                .info(new Info()
                        .title("Registration Outbox")
                        .version(OpenApiController.VERSION)
                        .description("Accepts model registrations whatever Redis is doing, and delivers every"
                                + " registration's event to the Redis queue, in order. An API key may be sent in one of"
                                + " three ways; Authorize takes any of them."))
                .servers(List.of(new Server().url("/")))
                .components(new Components()
                        .schemas(ModelConverters.getInstance(true).readAll(ProblemDocument.class))
                        .responses(ACCESS_PROBLEMS.entrySet().stream()
                                .collect(Collectors.toMap(
                                        Map.Entry::getKey,
                                        entry -> problem(entry.getValue()),
                                        (one, other) -> one,
                                        TreeMap::new)))
                        .addSecuritySchemes(
                                "bearer",
                                new SecurityScheme()
                                        .type(SecurityScheme.Type.HTTP)
                                        .scheme("bearer")
                                        .bearerFormat("API key")
                                        .description(BEARER))
                        .addSecuritySchemes(
                                "apiKey",
                                new SecurityScheme()
                                        .type(SecurityScheme.Type.APIKEY)
                                        .in(SecurityScheme.In.HEADER)
                                        .name(HttpHeaders.AUTHORIZATION)
                                        .description(API_KEY + ". Enter the word ApiKey, a space, and the key."))
                        .addSecuritySchemes(
                                "xApiKey",
                                new SecurityScheme()
                                        .type(SecurityScheme.Type.APIKEY)
                                        .in(SecurityScheme.In.HEADER)
                                        .name("X-API-Key")
                                        .description(HEADER)))
                .addSecurityItem(new SecurityRequirement().addList("bearer"))
                .addSecurityItem(new SecurityRequirement().addList("apiKey"))
                .addSecurityItem(new SecurityRequirement().addList("xApiKey"));
    }

    /** As in application.yaml, which is for Jackson 3; springdoc reads types, and writes the description, with Jackson 2. */
    private static void namesInSnakeCase() {
        ObjectMapper mapper = Json31.mapper();
        mapper.setAnnotationIntrospector(AnnotationIntrospector.pair(
                new NopAnnotationIntrospector() {
                    @Override
                    public Object findNamingStrategy(AnnotatedClass type) {
                        String ours = RegistrationOutboxApplication.class.getPackageName();
                        return type.getName().startsWith(ours) ? SnakeCaseStrategy.class : null;
                    }
                },
                mapper.getSerializationConfig().getAnnotationIntrospector()));
    }

    /** Each operation's problems have one form, and those that a key can bring about have one description. */
    @Bean
    OpenApiCustomizer problems() {
        return api -> api.getPaths().values().stream()
                .flatMap(path -> path.readOperations().stream())
                .forEach(operation -> {
                    ApiResponses responses = operation.getResponses();
                    responses.forEach((status, response) -> {
                        if (status.startsWith("4") || status.startsWith("5")) {
                            response.setContent(PROBLEM);
                        }
                    });
                    if (operation.getSecurity() == null) {
                        ACCESS_PROBLEMS
                                .keySet()
                                .forEach(status -> responses.putIfAbsent(
                                        status, new ApiResponse().$ref("#/components/responses/" + status)));
                    }
                });
    }

    private static ApiResponse problem(String description) {
        return new ApiResponse().description(description).content(PROBLEM);
    }

    /** How a problem looks: Spring's own type has no examples, and does not know {@code errors}. */
    @Schema(name = "Problem", description = "What went wrong (RFC 9457)")
    record ProblemDocument(
            @Schema(example = "Unprocessable Content") String title,

            @Schema(example = "422") int status,

            @Schema(
                    description = "For people: what is wrong, and what to do",
                    example = "model_name is required; baseline_value must be a number")
            String detail,

            @Schema(example = "/models/tokenized-registration-events")
            String instance,

            @Schema(description = "With 422: each thing that is wrong")
            List<FieldError> errors) {}
}
