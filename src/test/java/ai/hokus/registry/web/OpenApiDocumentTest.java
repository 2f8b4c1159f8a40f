package ai.hokus.registry.web;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.annotation.Import;
import org.springframework.test.web.servlet.assertj.MockMvcTester;

/**
 * The API description that the service serves is the one that springdoc reads from the controllers. {@code
 * -Dopenapi.document.update=true} writes it anew.
 */
@SpringBootTest(
        properties = {
            "springdoc.api-docs.enabled=true",
            "springdoc.api-docs.path=" + OpenApiDocumentTest.GENERATED,
            "springdoc.default-flat-param-object=true",
            "springdoc.writer-with-default-pretty-printer=true"
        })
@AutoConfigureMockMvc
@Import({TestKeys.class, OpenApiConfiguration.class})
class OpenApiDocumentTest {

    static final String GENERATED = "/v3/api-docs/generated";
    private static final Path DOCUMENT = Path.of("src", "main", "resources", "openapi.json");

    @Autowired
    private MockMvcTester http;

    @Test
    void the_document_says_what_the_controllers_do() throws IOException {
        byte[] body = http.get().uri(GENERATED).exchange().getResponse().getContentAsByteArray();
        String generated = new String(body, StandardCharsets.UTF_8).replace("\r\n", "\n") + "\n";
        if (Boolean.getBoolean("openapi.document.update")) {
            Files.writeString(DOCUMENT, generated);
            return;
        }
        assertThat(Files.readString(DOCUMENT))
                .as(DOCUMENT + " is behind the code; -Dopenapi.document.update=true brings it up to date")
                .isEqualTo(generated);
    }
}
