package ai.hokus.registry.security;

import java.util.Set;

/** The scopes' names, as the auth service issues them. */
final class Scopes {

    static final String FULL_ACCESS = "full_access";
    static final String ADMIN = "admin";
    static final String MODEL_READ = "model:read";
    static final String OUTBOX_READ = "outbox:read";
    static final String OUTBOX_OPERATE = "outbox:operate";

    /** Each of them allows to register. */
    static final Set<String> WRITE =
            Set.of("model:write", "mlflow:write", "mlflow:access", "mlflow:admin", ADMIN, "write", FULL_ACCESS);

    private Scopes() {}
}
