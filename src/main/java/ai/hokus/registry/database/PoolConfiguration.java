package ai.hokus.registry.database;

import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.transaction.PlatformTransactionManager;

/** The pool and its transactions; left out when only migrations run. */
@Configuration(proxyBeanMethods = false)
class PoolConfiguration {

    @Bean
    static PoolSetup poolSetup(ObjectProvider<DatabaseLogin> login) {
        return new PoolSetup(login::getObject);
    }

    @Bean
    DurableTransactionManager transactionManager(DataSource dataSource) {
        return new DurableTransactionManager(dataSource);
    }

    @Bean
    DurabilityCheck durabilityCheck(DataSource dataSource, PlatformTransactionManager transactions) {
        return new DurabilityCheck(dataSource, transactions);
    }
}
