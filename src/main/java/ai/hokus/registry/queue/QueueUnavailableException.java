package ai.hokus.registry.queue;

import org.jspecify.annotations.Nullable;

/** The queue cannot take anything now. No message is to blame: the partition waits. */
public class QueueUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Cause kind;

    public QueueUnavailableException(Cause kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** Why, in the words that logs, metrics and the operators' views use. */
    public Cause kind() {
        return kind;
    }

    /** The ways in which Redis says no, or says nothing. */
    public enum Cause {
        /** Nothing listens, the host is unknown, the connection broke, too many clients. */
        UNREACHABLE,
        /** No answer in time; what was asked may still happen. */
        TIMEOUT,
        /** TLS handshake or certificate. */
        TLS,
        /** NOAUTH, WRONGPASS: the credentials. */
        AUTHENTICATION,
        /** NOPERM: the user may not do what the relay needs. */
        PERMISSION,
        /** LOADING, BUSY, MASTERDOWN, CLUSTERDOWN, TRYAGAIN: this will pass. */
        NOT_READY,
        /** READONLY: a replica answers. */
        READ_ONLY,
        /** OOM: {@code maxmemory} is reached. */
        OUT_OF_MEMORY,
        /** WRONGTYPE: the queue's or the checkpoints' key holds something else; the message names the keys. */
        WRONG_TYPE,
        /** Anything unforeseen, script errors included. */
        OTHER
    }
}
