package ai.hokus.registry.chaos;

import ai.hokus.registry.support.TestRedis;
import java.util.List;
import java.util.Map;

/** The Redis servers of a stage, in one of the ways in which they are run. */
interface RedisServers extends AutoCloseable {

    /** Who serves the queue now. */
    TestRedis primary();

    /** The list that consumers pop. */
    default String queue() {
        return RedisPair.QUEUE;
    }

    /** Variables by which an instance finds Redis; empty: by {@code REDIS_URL}, through a proxy to {@link #primary}. */
    default Map<String, String> environment() {
        return Map.of();
    }

    /** Settings that an instance needs beside them. */
    default List<String> settings() {
        return List.of();
    }

    /** Words before {@code java} when an instance is launched. */
    default List<String> launcher() {
        return List.of();
    }

    /** Starts what was killed and connects what was cut. */
    void heal();

    @Override
    void close();
}
