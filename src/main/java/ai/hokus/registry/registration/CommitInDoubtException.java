package ai.hokus.registry.registration;

/**
 * The database failed while it committed a registration, or while it put the commit on disk. Nobody here can tell whether it is
 * stored.
 */
class CommitInDoubtException extends RuntimeException {

    private static final long serialVersionUID = 1;

    CommitInDoubtException(RuntimeException cause) {
        super("the database failed while committing", cause);
    }
}
