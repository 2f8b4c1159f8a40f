package ai.hokus.registry.queue.redis;

import java.util.List;

/** {@code keys} are in one hash slot; the client library asks the node that has the first one. */
record ScriptCall(String script, List<Object> keys, List<String> arguments) {}
