package ai.hokus.registry.security;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;

/** Who sends a request, once the key is verified. Holds no key. */
final class ApiKeyAuthentication extends AbstractAuthenticationToken {

    private static final long serialVersionUID = 1;

    private final transient ApiClient client;

    ApiKeyAuthentication(ApiClient client) {
        super(List.of());
        this.client = client;
        setAuthenticated(true);
    }

    boolean isGranted(Permission permission) {
        return permission.isGrantedBy(client.scopes());
    }

    @Override
    public Object getCredentials() {
        return "";
    }

    @Override
    public Object getPrincipal() {
        return client.userId();
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
