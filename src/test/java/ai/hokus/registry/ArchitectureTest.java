package ai.hokus.registry;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
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

/** Holds the arrows between the rooms. */
class ArchitectureTest {

    private static final String ROOT = "ai.hokus.registry";

    /** Room by room, which others it may call. */
    private static final Map<String, Set<String>> MAY_CALL = Map.of(
            "registration", Set.of("outbox"),
            "outbox", Set.of(),
            "relay", Set.of("outbox", "queue"),
            "queue", Set.of(),
            "database", Set.of(),
            "operations", Set.of("outbox", "relay"),
            "health", Set.of("operations"),
            "metrics", Set.of("operations", "relay"),
            "security", Set.of());

    private static final JavaClasses SERVICE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    @TestFactory
    Iterable<DynamicTest> a_room_calls_only_the_rooms_it_may() {
        return MAY_CALL.entrySet().stream()
                .map(room -> DynamicTest.dynamicTest(room.getKey(), () -> {
                    DescribedPredicate<JavaClass> allowed = resideOutsideOfPackage(ROOT + "..")
                            .or(resideInAPackage(ROOT + "." + room.getKey() + ".."))
                            .or(type(InstanceName.class))
                            .or(type(StartupRefusedException.class));
                    for (String other : room.getValue()) {
                        allowed = allowed.or(resideInAPackage(ROOT + "." + other + ".."));
                    }
                    classes()
                            .that()
                            .resideInAPackage(ROOT + "." + room.getKey() + "..")
                            .should()
                            .onlyDependOnClassesThat(allowed)
                            .allowEmptyShould(true)
                            .check(SERVICE);
                }))
                .toList();
    }

    @Test
    void every_package_is_a_room_with_a_rule() {
        Set<String> rooms = SERVICE.stream()
                .map(JavaClass::getPackageName)
                .filter(name -> !name.equals(ROOT))
                .map(name -> name.substring(ROOT.length() + 1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(MAY_CALL.keySet()).containsAll(rooms);
    }

    @Test
    void the_root_calls_no_room() {
        classes()
                .that()
                .resideInAPackage(ROOT)
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage(ROOT + ".*.."))
                .check(SERVICE);
    }

    @Test
    void redis_is_known_to_the_queue_alone() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".queue..")
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
}
