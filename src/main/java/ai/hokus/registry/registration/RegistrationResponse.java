package ai.hokus.registry.registration;

import ai.hokus.registry.web.StrictJson;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a registration that is stored.
 *
 * @param eventEmitted the event is durable and will be delivered
 */
@Schema(description = "The registration is stored")
@JsonInclude(JsonInclude.Include.ALWAYS)
record RegistrationResponse(
        @Schema(example = "ok") @JsonProperty("status") String status,

        @Schema(description = "NAME/VERSION/TOKEN", example = "churn-model/3/CHURN") @JsonProperty("model_id")
        String modelId,

        @Schema(example = "churn-model") @JsonProperty("model_name")
        String modelName,

        @Schema(example = "3") @JsonProperty("version") String version,

        @Schema(description = "The event is durable and will be delivered, whatever Redis is doing", example = "true")
        @JsonProperty("event_emitted")
        boolean eventEmitted,

        @Schema(nullable = true, description = "Always null") @JsonProperty("detail") @Nullable
        String detail) {

    static RegistrationResponse to(RegistrationRequest request) {
        return new RegistrationResponse("ok", request.modelId(), request.modelName(), request.version(), true, null);
    }

    /** Of known length: it goes out in one piece with its headers, where a stream of JSON would be sent in two chunks. */
    byte[] json() {
        return StrictJson.MAPPER.writeValueAsBytes(this);
    }
}
