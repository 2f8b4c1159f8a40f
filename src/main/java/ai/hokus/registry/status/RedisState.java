package ai.hokus.registry.status;

/** What this instance knows of Redis. */
public enum RedisState {
    /** There is none. */
    NOT_CONFIGURED,
    /** This instance does not relay, or has not looked yet. */
    UNKNOWN,
    /** It took what the relay sent last. */
    REACHABLE,
    /** It did not answer, or refused, last time. */
    UNREACHABLE
}
