package ai.hokus.registry;

/** The version of this build, as Maven wrote it down; "unknown" where it was not built by Maven. */
public record ServiceVersion(String value) {}
