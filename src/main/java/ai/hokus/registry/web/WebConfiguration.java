package ai.hokus.registry.web;

import java.util.List;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.filter.UrlHandlerFilter;
import org.springframework.web.servlet.config.annotation.ContentNegotiationConfigurer;
import org.springframework.web.servlet.config.annotation.ResourceHandlerRegistry;
import org.springframework.web.servlet.config.annotation.ViewControllerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

@Configuration(proxyBeanMethods = false)
class WebConfiguration {

    private static final String SWAGGER_UI = "classpath:/META-INF/resources/webjars/swagger-ui/5.32.14/";

    /**
     * Treats a path with a trailing slash as the one without, and comes before the access rules. The console's pages are
     * redirected instead: their links are relative.
     */
    @Bean
    FilterRegistrationBean<UrlHandlerFilter> trailingSlashFilter() {
        FilterRegistrationBean<UrlHandlerFilter> filter =
                new FilterRegistrationBean<>(UrlHandlerFilter.trailingSlashHandler("/console/**")
                        .redirect(HttpStatus.PERMANENT_REDIRECT)
                        .trailingSlashHandler("/**")
                        .wrapRequest()
                        .build());
        filter.setOrder(Ordered.HIGHEST_PRECEDENCE + 1);
        return filter;
    }

    @Bean
    WebMvcConfigurer webMvc() {
        return new WebMvcConfigurer() {
            /** Ignores the {@code Accept} header: each endpoint has one representation, and a 406 helps nobody. */
            @Override
            public void configureContentNegotiation(ContentNegotiationConfigurer negotiation) {
                negotiation.strategies(List.of(request -> List.of(MediaType.ALL)));
            }

            @Override
            public void addViewControllers(ViewControllerRegistry registry) {
                registry.addRedirectViewController("/swagger-ui.html", "/swagger-ui/index.html")
                        .setKeepQueryParams(true);
            }

            /** Swagger UI comes from its webjar, except for the script that says which description it shows. */
            @Override
            public void addResourceHandlers(ResourceHandlerRegistry registry) {
                registry.addResourceHandler("/swagger-ui/**")
                        .addResourceLocations("classpath:/static/swagger-ui/", SWAGGER_UI);
            }
        };
    }

    /** Lets encoded slashes through to the firewall of the security module, whose answer names another way to ask. */
    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> encodedSlashes() {
        return tomcat -> tomcat.addConnectorCustomizers(connector -> {
            connector.setEncodedSolidusHandling(EncodedSolidusHandling.PASS_THROUGH.getValue());
            connector.setEncodedReverseSolidusHandling(EncodedSolidusHandling.PASS_THROUGH.getValue());
        });
    }
}
