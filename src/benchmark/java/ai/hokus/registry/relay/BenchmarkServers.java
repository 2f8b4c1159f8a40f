package ai.hokus.registry.relay;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;

/** The servers that outboxes under test share. */
record BenchmarkServers(PostgresCluster postgres, TestRedis redis) {}
