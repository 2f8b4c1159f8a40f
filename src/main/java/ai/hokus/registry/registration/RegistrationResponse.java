package ai.hokus.registry.registration;

import ai.hokus.registry.web.StrictJson;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** The answer to a registration that is stored. */
@Schema(description = "The registration is stored")
@JsonInclude(JsonInclude.Include.ALWAYS)
record RegistrationResponse(
        @Schema(example = "ok") String status,

        @Schema(description = "NAME/VERSION/TOKEN", example = "churn-model/3/CHURN")
        String modelId,

        @Schema(example = "churn-model") String modelName,
        @Schema(example = "3") String version,

        @Schema(description = "The event is durable and will be delivered, whatever Redis is doing", example = "true")
        boolean eventEmitted,

        @Schema(nullable = true, description = "Always null") @Nullable
        String detail) {

    static RegistrationResponse to(RegistrationRequest request) {
        return new RegistrationResponse("ok", request.modelId(), request.modelName(), request.version(), true, null);
    }

    /** Its length is known, so it goes out in one piece with its headers. A stream of JSON would be sent in two chunks. */
    byte[] json() {
        return StrictJson.MAPPER.writeValueAsBytes(this);
    }
}
