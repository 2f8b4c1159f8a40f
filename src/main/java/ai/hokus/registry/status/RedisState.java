package ai.hokus.registry.status;

/** What this instance knows of Redis. */
public enum RedisState {
    /** There is none. */
    NOT_CONFIGURED,
    /** This instance does not relay, or has not looked yet. */
    UNKNOWN,
    /** It answered the relay's last call, and did not refuse. */
    REACHABLE,
    /** It did not answer, or refused, last time. */
    UNREACHABLE
}
