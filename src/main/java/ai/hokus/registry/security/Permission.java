package ai.hokus.registry.security;

import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;

/** What a path requires of a request's key: one of these scopes. */
enum Permission {
    /** Nothing; a key is not even looked at. */
    OPEN(Set.of()),

    REGISTER(Scope.WRITE),

    READ(with(Scope.WRITE, "model:read")),

    /** Seeing the outbox's state. */
    OBSERVE(Set.of(Scope.OUTBOX_READ, Scope.OUTBOX_OPERATE, Scope.ADMIN, Scope.FULL_ACCESS)),

    /** Changing it. Not part of admin and full_access, which clients that register have. */
    OPERATE(Set.of(Scope.OUTBOX_OPERATE));

    @SuppressWarnings("ImmutableEnumChecker") // all of them come from Set.of or an unmodifiable collector
    private final Set<String> scopes;

    Permission(Set<String> scopes) {
        this.scopes = scopes;
    }

    /** @param caller whose authorities are the scopes of the key; null: there is none */
    boolean isGrantedTo(@Nullable Authentication caller) {
        return isGrantedBy(caller == null ? Set.of() : AuthorityUtils.authorityListToSet(caller.getAuthorities()));
    }

    boolean isGrantedBy(Set<String> held) {
        return this == OPEN || !Collections.disjoint(scopes, held);
    }

    /** For people: the scopes of which one is needed. */
    String wanted() {
        return String.join(", ", new TreeSet<>(scopes));
    }

    private static Set<String> with(Set<String> scopes, String scope) {
        return Stream.concat(scopes.stream(), Stream.of(scope)).collect(Collectors.toUnmodifiableSet());
    }

    /** The scopes' names, as the auth service issues them. */
    static final class Scope {

        static final String FULL_ACCESS = "full_access";
        static final String ADMIN = "admin";
        static final String OUTBOX_READ = "outbox:read";
        static final String OUTBOX_OPERATE = "outbox:operate";

        /** Each of them permits registering. */
        static final Set<String> WRITE =
                Set.of("model:write", "mlflow:write", "mlflow:access", "mlflow:admin", ADMIN, "write", FULL_ACCESS);

        private Scope() {}
    }
}
