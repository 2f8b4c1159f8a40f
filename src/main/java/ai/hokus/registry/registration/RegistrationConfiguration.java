package ai.hokus.registry.registration;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariDataSource;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.boot.jdbc.DataSourceUnwrapper;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Puts the module together. */
@Configuration(proxyBeanMethods = false)
class RegistrationConfiguration {

    /** Each holds a page of up to {@link RegistrationQuery#MAX_BYTES}, three times: 100 MB together. */
    private static final int MAX_READS = 8;

    /** Half of the pool's connections; the other half is for registrations that wait for no lock, and for the relay. */
    @Bean
    Bulkhead registrationsStoredAlone(DataSource dataSource) {
        HikariDataSource pool =
                DataSourceUnwrapper.unwrap(dataSource, HikariConfigMXBean.class, HikariDataSource.class);
        int connections = (pool == null ? new HikariConfig() : pool).getMaximumPoolSize();
        // Waits as long as for a connection.
        return bulkhead("registrations stored alone", Math.max(1, connections / 2), Duration.ofSeconds(2));
    }

    @Bean
    WebMvcConfigurer registrationBulkhead(RegistrationSettings settings) {
        BulkheadInterceptor bulkheads = new BulkheadInterceptor(
                bulkhead("registration", settings.maxConcurrentRequests(), Duration.ZERO),
                bulkhead("reads of registrations", MAX_READS, Duration.ZERO));
        return new WebMvcConfigurer() {
            @Override
            public void addInterceptors(InterceptorRegistry registry) {
                registry.addInterceptor(bulkheads).addPathPatterns("/models/**", "/api/models/**");
            }
        };
    }

    /** The name appears in the log when a call is refused. */
    private static Bulkhead bulkhead(String name, int maxConcurrentCalls, Duration maxWait) {
        return Bulkhead.of(
                name,
                BulkheadConfig.custom()
                        .maxConcurrentCalls(maxConcurrentCalls)
                        .maxWaitDuration(maxWait)
                        .writableStackTraceEnabled(false)
                        .build());
    }
}
