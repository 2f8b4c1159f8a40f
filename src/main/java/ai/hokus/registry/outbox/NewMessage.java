package ai.hokus.registry.outbox;

import java.util.UUID;

/**
 * A message to append.
 *
 * @param messageId stable for ever
 * @param key messages of one key are delivered in commit order, provided that their transactions exclude each other
 * @param type what consumers dispatch on
 * @param payload a JSON object, delivered as it is
 */
public record NewMessage(UUID messageId, String key, String type, String payload) {}
