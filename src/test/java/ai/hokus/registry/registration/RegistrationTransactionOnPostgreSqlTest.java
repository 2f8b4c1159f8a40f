package ai.hokus.registry.registration;

import ai.hokus.registry.support.TestDatabase;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

class RegistrationTransactionOnPostgreSqlTest extends RegistrationTransactionContract {

    @DynamicPropertySource
    static void database(DynamicPropertyRegistry registry) {
        String url = TestDatabase.POSTGRESQL.newUrl();
        registry.add("spring.datasource.url", () -> url);
        registry.add("spring.datasource.username", TestDatabase.POSTGRESQL::username);
    }
}
