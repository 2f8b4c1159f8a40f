package ai.hokus.registry.registration;

import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** Which page a client wants, as it stands in the URL. */
record PageRequest(
        @Parameter(description = "1 to 200, default 50: at most so many", schema = @Schema(type = "integer")) @Nullable
        String limit,

        @Parameter(description = "What the page before gave as next", schema = @Schema(type = "integer")) @Nullable
        String after) {}
