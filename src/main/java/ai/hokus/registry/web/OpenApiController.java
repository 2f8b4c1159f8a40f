package ai.hokus.registry.web;

import ai.hokus.registry.ServiceVersion;
import io.swagger.v3.oas.annotations.Hidden;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Serves {@code openapi.json}, which a test writes with springdoc: at a start, that would load 1,800 classes. Thread-safe. */
@Hidden
@RestController
final class OpenApiController {

    /** What the file has instead of a version, so that a release need not change it. */
    static final String VERSION = "@version@";

    private final byte[] description;

    OpenApiController(ServiceVersion version) throws IOException {
        String file = new ClassPathResource("openapi.json").getContentAsString(StandardCharsets.UTF_8);
        this.description = file.replace(VERSION, version.value()).getBytes(StandardCharsets.UTF_8);
    }

    @GetMapping(path = "/v3/api-docs", produces = MediaType.APPLICATION_JSON_VALUE)
    byte[] json() {
        return description;
    }
}
