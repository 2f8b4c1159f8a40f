package ai.hokus.registry.security;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;

/** Who sends a request, once the key is verified. Holds no key. */
final class Caller extends AbstractAuthenticationToken {

    private static final long serialVersionUID = 1;

    private final transient KeyHolder holder;

    Caller(KeyHolder holder) {
        super(List.of());
        this.holder = holder;
        setAuthenticated(true);
    }

    boolean mayEnter(Access access) {
        return access.isGrantedBy(holder.scopes());
    }

    @Override
    public Object getCredentials() {
        return "";
    }

    @Override
    public Object getPrincipal() {
        return holder.userId();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
