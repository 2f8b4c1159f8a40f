package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.relay.OwnOutbox;
import ai.hokus.registry.support.TestRedis;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/** Another outbox library, found by {@link ServiceLoader} where the build has it. */
public interface Peer {

    /**
     * @param postgres in which it makes a database of its own
     * @param queue the list's key
     */
    DeliveringOutbox open(PostgresCluster postgres, TestRedis redis, String queue) throws Exception;

    /** This project, and after it {@link #all()}. */
    static List<Peer> allAndThisProject() {
        return Stream.concat(Stream.of((Peer) OwnOutbox::open), all().stream()).toList();
    }

    /** Those that the build has; with {@code -Dbenchmark.peers.only=modulith} only those whose class has this in its name. */
    static List<Peer> all() {
        String wanted = System.getProperty("benchmark.peers.only", "").toLowerCase(Locale.ROOT);
        return ServiceLoader.load(Peer.class).stream()
                .filter(peer ->
                        peer.type().getSimpleName().toLowerCase(Locale.ROOT).contains(wanted))
                .map(ServiceLoader.Provider::get)
                .toList();
    }
}
