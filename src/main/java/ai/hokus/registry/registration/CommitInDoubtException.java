package ai.hokus.registry.registration;

/**
 * The database failed while it committed a registration, or while it put the commit on disk. Whether the registration is stored
 * is unknown.
 */
class CommitInDoubtException extends RuntimeException {

    private static final long serialVersionUID = 1;

    CommitInDoubtException(Throwable cause) {
        super("the database failed while committing", cause);
    }
}
