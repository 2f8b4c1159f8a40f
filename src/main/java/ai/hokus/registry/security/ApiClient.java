package ai.hokus.registry.security;

import java.util.Set;

/** Whose key it is, and what it is good for. */
record ApiClient(String userId, Set<String> scopes) {

    ApiClient {
        scopes = Set.copyOf(scopes);
    }
}
