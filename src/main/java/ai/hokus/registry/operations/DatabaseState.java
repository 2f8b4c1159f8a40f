package ai.hokus.registry.operations;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Whether the database answered the sampler.
 *
 * @param reachable false after two samples in a row have failed
 * @param since when that began
 * @param lastError null: it never failed
 */
public record DatabaseState(
        boolean reachable, Instant since, @Nullable String lastError) {}
