package ai.hokus.registry.operations;

import io.swagger.v3.oas.annotations.Hidden;
import java.net.URI;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;

/** The console's page; its script and its styles stand beside it, under {@code /console/}. */
@Controller
@Hidden
class ConsoleController {

    /** For a browser that was given the host alone. Relative, so that it works behind a path too. */
    @GetMapping("/")
    ResponseEntity<Void> root() {
        return ResponseEntity.status(HttpStatus.FOUND)
                .location(URI.create("console"))
                .build();
    }

    /** At {@code /console} and not below it: the page's links are relative, so that it works behind a path too. */
    @GetMapping("/console")
    String page() {
        return "forward:/console/index.html";
    }
}
