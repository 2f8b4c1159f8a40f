package ai.hokus.registry.queue.redis;

import java.util.List;

/**
 * A script, and what it is called with.
 *
 * @param keys in one hash slot; the client library asks the node that has the first one
 */
record ScriptCall(String script, List<Object> keys, List<String> arguments) {}
