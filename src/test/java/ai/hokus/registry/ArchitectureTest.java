package ai.hokus.registry;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Checks which module may call which, and a few rules for all code. */
class ArchitectureTest {

    private static final String ROOT = "ai.hokus.registry";

    /** Module by module, which others it may call. */
    private static final Map<String, Set<String>> MAY_CALL = Map.ofEntries(
            entry("web", Set.of()),
            entry("registration", Set.of("outbox", "web")),
            entry("outbox", Set.of()),
            entry("relay", Set.of("outbox", "queue")),
            entry("queue", Set.of()),
            entry("queue.redis", Set.of("queue")),
            entry("database", Set.of()),
            entry("status", Set.of("outbox", "relay", "security")),
            entry("consumers", Set.of("outbox", "queue", "relay")),
            entry("operations", Set.of("consumers", "outbox", "queue", "relay", "status", "web")),
            entry("health", Set.of("consumers", "relay", "security", "status")),
            entry("metrics", Set.of("consumers", "relay", "status")),
            entry("security", Set.of()));

    private static final JavaClasses SERVICE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    @TestFactory
    Iterable<DynamicTest> a_module_calls_only_the_modules_it_may() {
        return MAY_CALL.entrySet().stream()
                .map(module -> DynamicTest.dynamicTest(module.getKey(), () -> {
                    DescribedPredicate<JavaClass> allowed = resideOutsideOfPackage(ROOT + "..")
                            .or(resideInAPackage(ROOT + "." + module.getKey()))
                            .or(type(EnvironmentVariables.class))
                            .or(type(InstanceName.class))
                            .or(type(SecretFile.class))
                            .or(type(ServiceVersion.class))
                            .or(type(SettingRange.class))
                            .or(type(Sha256.class))
                            .or(type(SqlFailure.class))
                            .or(type(StartupRefusedException.class))
                            .or(type(ThrottledLog.class));
                    for (String other : module.getValue()) {
                        allowed = allowed.or(resideInAPackage(ROOT + "." + other));
                    }
                    classes()
                            .that()
                            .resideInAPackage(ROOT + "." + module.getKey())
                            .should()
                            .onlyDependOnClassesThat(allowed)
                            .allowEmptyShould(true)
                            .check(SERVICE);
                }))
                .toList();
    }

    @Test
    void every_package_is_a_module_with_a_rule() {
        Set<String> modules = SERVICE.stream()
                .map(JavaClass::getPackageName)
                .filter(name -> !name.equals(ROOT))
                .map(name -> name.substring(ROOT.length() + 1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(MAY_CALL.keySet()).containsAll(modules);
    }

    @Test
    void the_root_calls_no_module() {
        classes()
                .that()
                .resideInAPackage(ROOT)
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage(ROOT + ".*.."))
                .check(SERVICE);
    }

    @Test
    void redis_is_known_to_its_adapter_alone() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".queue.redis")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.redisson..")
                .check(SERVICE);
    }

    @Test
    void the_queue_knows_no_database() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".queue..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "javax.sql..", "org.springframework.jdbc..")
                .check(SERVICE);
    }

    /** A pass in one transaction would hold row locks, and a connection, for as long as Redis takes to answer. */
    @Test
    void the_relay_opens_no_transaction() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".relay..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.springframework.transaction.annotation..", "org.springframework.transaction.support..")
                .check(SERVICE);
    }

    @Test
    void nobody_sleeps() {
        noClasses()
                .should()
                .callMethodWhere(DescribedPredicate.<JavaMethodCall>describe(
                        "Thread.sleep",
                        call -> call.getTargetOwner().isEquivalentTo(Thread.class)
                                && call.getName().equals("sleep")))
                .check(SERVICE);
    }

    /** Such a stream keeps its connection until it is closed, and a terminal operation does not close it. */
    @Test
    void nobody_streams_rows() {
        noClasses()
                .should()
                .callMethodWhere(DescribedPredicate.<JavaMethodCall>describe(
                        "a query's stream",
                        call -> (call.getTargetOwner().isAssignableTo(JdbcClient.MappedQuerySpec.class)
                                        && call.getName().equals("stream"))
                                || call.getName().equals("queryForStream")))
                .check(SERVICE);
    }
}
