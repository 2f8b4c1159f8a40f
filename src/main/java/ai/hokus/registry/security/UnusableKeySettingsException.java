package ai.hokus.registry.security;

/** What says where API keys come from is missing or unusable; stops start-up. Holds no key. */
class UnusableKeySettingsException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnusableKeySettingsException(String sentence) {
        super(sentence);
    }
}
