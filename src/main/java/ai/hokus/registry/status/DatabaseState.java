package ai.hokus.registry.status;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What the probe found out about the database, and since when; {@code lastError} null: it never failed. */
@JsonPropertyOrder({"state", "reachable", "writable", "since", "last_error"})
public record DatabaseState(
        @JsonProperty("state") Condition condition,
        Instant since,
        @Nullable String lastError) {

    /** Whether a registration can be stored. */
    public enum Condition {
        /** The first probe is under way. */
        UNKNOWN,
        /** A write has committed. */
        WRITABLE,
        /** It answers, but takes no write: a standby, or read-only, or its disk is full. */
        REFUSES_WRITES,
        /** It takes the probe's write, but no registration: see {@link RegistrationOutcomes}. */
        REFUSES_REGISTRATIONS,
        /** Two probes in a row have failed, or one is overdue. */
        UNREACHABLE
    }

    @JsonProperty("writable")
    public boolean usable() {
        return condition == Condition.WRITABLE;
    }

    /** Whether it answers, if only to refuse writes. */
    @JsonProperty
    public boolean reachable() {
        return condition != Condition.UNKNOWN && condition != Condition.UNREACHABLE;
    }
}
