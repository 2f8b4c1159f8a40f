package ai.hokus.registry.operations;

import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.config.annotation.ViewControllerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * The console's pages; their scripts and styles are static files under {@code /console/}. All links are relative, so that the
 * console also works below a path: that is why the first page is {@code /console}, not {@code /console/}.
 */
@Configuration(proxyBeanMethods = false)
class ConsolePages implements WebMvcConfigurer {

    @Override
    public void addViewControllers(ViewControllerRegistry registry) {
        registry.addRedirectViewController("/", "console"); // for a browser that was given only the host
        registry.addViewController("/console").setViewName("forward:/console/index.html");
        registry.addViewController("/console/key").setViewName("forward:/console/key.html");
        registry.addViewController("/console/messages/{messageId}").setViewName("forward:/console/message.html");
    }
}
