package ai.hokus.registry.registration;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Some registrations.
 *
 * @param next what to give as {@code after} for those that follow; null when there were none
 */
@Schema(description = "Some registrations, in the order in which they were stored")
@JsonInclude(JsonInclude.Include.ALWAYS)
record RegistrationPage(
        List<StoredRegistration> registrations,

        @Schema(
                nullable = true,
                description = "What to give as after for those that follow; null when there were none",
                example = "50")
        @Nullable
        Long next) {}
