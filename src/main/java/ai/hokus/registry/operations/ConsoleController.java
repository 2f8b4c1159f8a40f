package ai.hokus.registry.operations;

import io.swagger.v3.oas.annotations.Hidden;
import java.net.URI;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;

/** The console's pages; their scripts and their styles stand beside them, under {@code /console/}. */
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

    /** Asks for the API key. */
    @GetMapping("/console/key")
    String key() {
        return "forward:/console/key.html";
    }

    /** The page is the same for every message; its script reads the address. */
    @GetMapping("/console/messages/{messageId}")
    String message() {
        return "forward:/console/message.html";
    }
}
