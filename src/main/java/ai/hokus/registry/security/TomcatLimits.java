package ai.hokus.registry.security;

import org.apache.coyote.AbstractProtocol;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.stereotype.Component;

/** Limits that the web server itself holds, and how it says so. */
@Component
class TomcatLimits implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

    private final SecuritySettings settings;

    TomcatLimits(SecuritySettings settings) {
        this.settings = settings;
    }

    @Override
    public void customize(TomcatServletWebServerFactory tomcat) {
        tomcat.addConnectorCustomizers(connector -> {
            if (connector.getProtocolHandler() instanceof AbstractProtocol<?> protocol) {
                protocol.setMaxHeaderCount(settings.maxHeaders());
            }
        });
        tomcat.addContextValves(new RequestBodyTimeoutValve(settings.requestBodyTimeout()));
        // The last one is asked first: before the one that Spring Boot adds, which answers with a page of HTML.
        tomcat.addContextCustomizers(context ->
                context.getParent().getPipeline().addValve(new ProblemErrorReportValve(settings.maxHeaders())));
    }
}
