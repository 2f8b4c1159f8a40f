package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every dependency in the jar has a licence that we know how to keep; one of several that it offers is enough. */
class LicencesIT {

    private static final Path BILL_OF_MATERIALS = Path.of("target/classes/META-INF/sbom/application.cdx.json");

    private static final Set<String> ALLOWED = Set.of(
            "Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "EPL-2.0", "EPL-1.0", "MPL-2.0", "CC0-1.0");

    @Test
    void every_dependency_has_a_licence_that_is_allowed() throws IOException {
        JsonNode bom = JsonMapper.shared().readTree(Files.readString(BILL_OF_MATERIALS));
        List<String> others = new ArrayList<>();
        for (JsonNode component : bom.get("components")) {
            Set<String> licences = licences(component);
            if (licences.stream().noneMatch(ALLOWED::contains)) {
                others.add(component.get("purl").stringValue() + " " + licences);
            }
        }

        assertThat(bom.get("components").size()).isGreaterThan(50);
        assertThat(others).isEmpty();
    }

    private static Set<String> licences(JsonNode component) {
        Set<String> names = new TreeSet<>();
        for (JsonNode licence : component.path("licenses")) {
            JsonNode one = licence.path("license");
            names.add(one.path("id").asString(one.path("name").asString("")));
            for (String part : licence.path("expression").asString("").split(" OR ", -1)) {
                names.add(part.strip());
            }
        }
        names.remove("");
        return names;
    }
}
