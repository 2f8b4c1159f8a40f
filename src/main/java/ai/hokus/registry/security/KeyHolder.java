package ai.hokus.registry.security;

import java.util.Set;

/** Whose key it is, and what it is good for. */
record KeyHolder(String userId, Set<String> scopes) {

    KeyHolder {
        scopes = Set.copyOf(scopes);
    }
}
