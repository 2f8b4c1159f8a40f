package ai.hokus.registry.registration;

import ai.hokus.registry.SettingRange;
import ai.hokus.registry.StartupRefusedException;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariDataSource;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.boot.jdbc.DataSourceUnwrapper;
import org.springframework.boot.thread.Threading;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

@Configuration(proxyBeanMethods = false)
class RegistrationConfiguration {

    /** Each holds a page of up to {@link RegistrationQuery#MAX_BYTES}, three times: 100 MB together. */
    private static final int MAX_READS = 8;

    /** For health checks, metrics and operators. */
    private static final int OTHER_REQUESTS = 10;

    /** More than the queue's element adds to the payload in it. */
    private static final DataSize ENVELOPE = DataSize.ofKilobytes(1);

    RegistrationConfiguration(RegistrationSettings settings, Environment environment) {
        checkThreads(settings.maxConcurrentRequests(), environment);
        checkElementSize(settings.maxPayload(), environment);
    }

    /** Otherwise a database that stalls, together with an auth service that does, would take every thread. */
    private static void checkThreads(long requests, Environment environment) {
        int threads = environment.getProperty("server.tomcat.threads.max", Integer.class, 200);
        // Half of the threads may wait for the auth service.
        int share = environment
                        .getProperty("registry.security.auth-service.url", "")
                        .isBlank()
                ? 1
                : 2;
        int room = threads - threads / share * (share - 1) - MAX_READS - OTHER_REQUESTS;
        if (requests > room && !Threading.VIRTUAL.isActive(environment)) {
            throw new StartupRefusedException(
                    "registry.registration.max-concurrent-requests is " + requests
                            + " and server.tomcat.threads.max is " + threads
                            + ": a database that stalls would leave no thread for health checks.",
                    "Set server.tomcat.threads.max to at least " + share * (requests + MAX_READS + OTHER_REQUESTS)
                            + (room < 1 ? "." : ", or max-concurrent-requests to at most " + room + "."));
        }
    }

    private static void checkElementSize(DataSize maxPayload, Environment environment) {
        DataSize element = environment.getProperty("registry.queue.max-element-size", DataSize.class);
        DataSize needed = DataSize.ofBytes(maxPayload.toBytes() + ENVELOPE.toBytes());
        if (element != null && element.compareTo(needed) < 0) {
            throw new StartupRefusedException(
                    "registry.queue.max-element-size is " + SettingRange.text(element)
                            + " and registry.registration.max-payload is " + SettingRange.text(maxPayload)
                            + ": an event could be accepted that is too large for the queue, and would be parked.",
                    "Set max-element-size to at least " + SettingRange.text(needed) + ", or lower max-payload.");
        }
    }

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
