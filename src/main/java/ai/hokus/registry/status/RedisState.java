package ai.hokus.registry.status;

/** What this instance knows of Redis. */
public enum RedisState {
    /** There is none. */
    NOT_CONFIGURED,
    /** This instance does not relay, or has not looked yet. */
    UNKNOWN,
    /** It answered last time. */
    REACHABLE,
    /** It did not answer last time. */
    UNREACHABLE
}
