package ai.hokus.registry.operations;

import io.swagger.v3.oas.annotations.Hidden;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;

/** The console's page; its script and its styles stand beside it, under {@code /console/}. */
@Controller
@Hidden
class ConsoleController {

    /** At {@code /console} and not below it: the page's links are relative, so that it works behind a path too. */
    @GetMapping("/console")
    String page() {
        return "forward:/console/index.html";
    }
}
