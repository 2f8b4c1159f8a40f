package ai.hokus.registry.web;

import ai.hokus.registry.ServiceVersion;
import io.swagger.v3.oas.annotations.Hidden;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.yaml.snakeyaml.Yaml;

/**
 * Serves the API's description from {@code openapi.json}. A test writes that file from the controllers with springdoc: the
 * description is the same at every start of one build, and springdoc would load 1,800 classes at each. Thread-safe.
 */
@Hidden
@RestController
record OpenApiController(ServiceVersion version) {

    /** What the file has instead of a version, so that a release need not change it. */
    static final String VERSION = "@version@";

    @GetMapping(path = "/v3/api-docs", produces = MediaType.APPLICATION_JSON_VALUE)
    byte[] json() throws IOException {
        return description().getBytes(StandardCharsets.UTF_8);
    }

    @GetMapping(path = "/v3/api-docs.yaml", produces = "application/vnd.oai.openapi")
    byte[] yaml() throws IOException {
        Yaml yaml = new Yaml();
        return yaml.dumpAsMap(yaml.load(description())).getBytes(StandardCharsets.UTF_8); // JSON is YAML too
    }

    private String description() throws IOException {
        String description = new ClassPathResource("openapi.json").getContentAsString(StandardCharsets.UTF_8);
        return description.replace(VERSION, version.value());
    }
}
