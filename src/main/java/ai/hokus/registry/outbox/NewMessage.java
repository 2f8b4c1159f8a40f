package ai.hokus.registry.outbox;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.NoArgGenerator;
import java.util.UUID;

/**
 * A message to add to the outbox.
 *
 * @param messageId stable for ever; preferably one that begins with the time ({@link #of})
 * @param key messages of one key are delivered in commit order, provided that their transactions exclude each other
 * @param type what consumers dispatch on
 * @param payload a JSON object, delivered as it is
 */
public record NewMessage(UUID messageId, String key, String type, String payload) {

    private static final NoArgGenerator IDS = Generators.timeBasedEpochRandomGenerator();

    /**
     * With a new id of version 7 (RFC 9562, section 5.7), which begins with the time: so the index on ids is written at its end
     * only. If the clock is set back, 74 random bits keep ids apart.
     */
    public static NewMessage of(String key, String type, String payload) {
        return new NewMessage(IDS.generate(), key, type, payload);
    }
}
