package ai.hokus.registry.database;

/** For sessions that are set up as the service's are, in tests without the service. */
public final class ServiceSession {

    /** SQL that gives a new session the service's settings. */
    public static final String SETTINGS = PostgresSession.SESSION_SETTINGS;

    private ServiceSession() {}
}
