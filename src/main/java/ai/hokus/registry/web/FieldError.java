package ai.hokus.registry.web;

import io.swagger.v3.oas.annotations.media.Schema;

/** One thing that is wrong with a request. The message is a phrase that follows the field's name: "is required". */
@Schema(description = "One thing that is wrong with the request")
public record FieldError(
        @Schema(
                description = "The name of the field, parameter or header; body for the body as a whole",
                example = "model_name")
        String field,

        @Schema(description = "What is wrong with it", example = "is required")
        String message) {

    public static FieldError ofBody(String message) {
        return new FieldError("body", message);
    }
}
