package ai.hokus.registry.registration;

/** The database failed while committing, or while syncing the commit: whether the registration is stored is unknown. */
class CommitInDoubtException extends RuntimeException {

    private static final long serialVersionUID = 1;

    CommitInDoubtException(Throwable cause) {
        super("the database failed while committing", cause);
    }
}
