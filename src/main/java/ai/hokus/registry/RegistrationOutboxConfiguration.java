package ai.hokus.registry;

import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongSupplier;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.spring.annotation.EnableSchedulerLock;
import org.springframework.boot.info.BuildProperties;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.transaction.PlatformTransactionManager;

/** Clock, scheduling, locks and this process's name, for all modules. */
@Configuration(proxyBeanMethods = false)
@EnableScheduling
@EnableSchedulerLock(defaultLockAtMostFor = "5m")
class RegistrationOutboxConfiguration {

    /** For times that people and other processes read. It jumps when the machine's clock is set. */
    @Bean
    Clock clock() {
        return Clock.systemUTC();
    }

    /** For waits. Injected only where its name is given as qualifier. */
    @Bean(defaultCandidate = false)
    Clock steadyClock(Clock clock) {
        return steady(clock, System::nanoTime);
    }

    /** Begins at another clock's time and then measures elapsed time, so that setting the machine's clock changes no wait. */
    static Clock steady(Clock wall, LongSupplier nanoTime) {
        Instant begin = wall.instant();
        long beginNanos = nanoTime.getAsLong();
        InstantSource steady = () -> begin.plusNanos(nanoTime.getAsLong() - beginNanos);
        return steady.withZone(wall.getZone());
    }

    /** Process id and host, and a random part: a container's process is number 1 on every start. */
    @Bean
    InstanceName instanceName() {
        String process = ManagementFactory.getRuntimeMXBean().getName();
        return new InstanceName(process + "-" + UUID.randomUUID().toString().substring(0, 8));
    }

    @Bean
    ServiceVersion serviceVersion(Optional<BuildProperties> build) {
        return new ServiceVersion(build.map(BuildProperties::getVersion).orElse("unknown"));
    }

    @Bean
    @DependsOnDatabaseInitialization
    LockProvider lockProvider(JdbcTemplate jdbc, PlatformTransactionManager transactions, InstanceName instance) {
        return new DatabaseLockProvider(jdbc, transactions, instance.value());
    }
}
