package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;

/** Another outbox library, found by {@link java.util.ServiceLoader} where the build has it. */
public interface Peer {

    /**
     * @param postgres in which it makes a database of its own
     * @param queue the list's key
     */
    OutboxUnderTest open(PostgresCluster postgres, TestRedis redis, String queue) throws Exception;
}
