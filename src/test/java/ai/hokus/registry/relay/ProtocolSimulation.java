package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.PendingAppend;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.Source;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * One partition, one database, one queue, two relays that overlap freely, as if the lock did not exist.
 *
 * <ul>
 *   <li><b>Registrations</b> of several models, whose transactions stay open across other steps: each locks its model,
 *       takes the next id, and commits or rolls back later. So ids are not in commit order, but per model they are.
 *   <li><b>Relays</b> that crash or sleep before and after every call of the queue, which is between any two steps.
 *   <li><b>Replies</b> that are lost after the append took effect.
 *   <li><b>Messages</b> that the queue refuses, for ever or for a while.
 *   <li><b>The queue</b> falls back to an earlier state, or is wiped.
 *   <li><b>The database</b> is restored from an earlier backup while relays go on: positions are given again.
 *   <li><b>Storms</b>, in every other schedule: queue and database lose state three times as often, one soon after the other.
 *   <li><b>Retention</b> purges in between, or never.
 * </ul>
 *
 * Then every fault stops, one relay drains the partition, and it is checked: no loss (a committed message is in the queue,
 * or parked, or was delivered longer ago than retention); and unless the queue or the database lost state: no duplicate,
 * each model's messages in the order of its commits, and no rewind.
 */
final class ProtocolSimulation {

    private static final int MODELS = 4;
    private static final int STEPS = 150;
    private static final int BATCH = 2;
    private static final int LONGEST_DRAIN = 20_000;
    private static final Duration SHORT_RETENTION = Duration.ofMinutes(15); // one step is one minute
    private static final Duration LONG_RETENTION = Duration.ofDays(3650);
    private static final List<String> TABLES =
            List.of("outbox_message", "outbox_partition", "outbox_delivery", "outbox_rewind", "outbox_parked");

    /** What broke, and the schedule that broke it. */
    record Finding(String what, Object detail, List<String> trace) {
        @Override
        public String toString() {
            return what + " " + detail + "\n  " + String.join("\n  ", trace);
        }
    }

    /** What all schedules together did: a simulation that does nothing finds nothing. */
    record Tally(
            long schedules, long delivered, long parked, long rewinds, long purged, long stale, long lostReplies) {}

    private final TestOutbox outbox;
    private final OutboxPartition partition;
    private long schedules;
    private long delivered;
    private long parkedInAll;
    private long rewinds;
    private long purged;
    private long stale;
    private long lostReplies;

    ProtocolSimulation(DataSource database) {
        outbox = TestOutbox.on(database, Duration.ZERO);
        partition = outbox.partitions().all().get(0);
    }

    Tally tally() {
        return new Tally(schedules, delivered, parkedInAll, rewinds, purged, stale, lostReplies);
    }

    /** Runs one schedule; null: all promises held. */
    Finding run(long seed) {
        outbox.jdbc().update("DELETE FROM model");
        TABLES.forEach(table -> outbox.jdbc().update("DELETE FROM " + table));
        outbox.jdbc().update("INSERT INTO outbox_partition (partition_id) VALUES (0)");
        for (int model = 0; model < MODELS; model++) {
            outbox.jdbc().update("INSERT INTO model (name) VALUES (?)", "model-" + model);
        }
        schedules++;
        Schedule schedule = new Schedule(seed);
        try {
            return schedule.run();
        } finally {
            schedule.end();
        }
    }

    private final class Schedule {

        private final Random random;
        private final boolean queueFaults;
        private final boolean databaseFaults;
        private final boolean stormy;
        private final Duration retention;
        private final int kept;
        private final List<String> trace = new ArrayList<>();

        private final InMemoryMessageQueue queue;
        private final List<InMemoryMessageQueue.State> history = new ArrayList<>();
        private final List<Registrar> registrars = new ArrayList<>();
        private final List<RelayActor> relays = new ArrayList<>();
        private final Set<UUID> refused = new HashSet<>();

        private Map<UUID, Commit> committed = new LinkedHashMap<>();
        private int commits;
        private final Set<UUID> parked = new HashSet<>();
        private final Set<UUID> expired = new HashSet<>();
        private final List<Snapshot> snapshots = new ArrayList<>();
        private boolean stateLost;

        Schedule(long seed) {
            random = new Random(seed);
            int profile = (int) Math.floorMod(seed, 24L);
            queueFaults = profile % 3 > 0;
            databaseFaults = profile % 3 > 1;
            retention = profile / 3 % 2 == 0 ? SHORT_RETENTION : LONG_RETENTION;
            kept = profile / 6 % 2 == 0 ? 1 : 4;
            stormy = profile / 12 > 0;
            trace.add("queue faults " + queueFaults + ", database faults " + databaseFaults + ", stormy " + stormy
                    + ", retention " + retention + ", checkpoints kept " + kept);
            queue = new InMemoryMessageQueue(Long.MAX_VALUE, kept);
            queue.refuse(entry -> refused.contains(messageId(entry.element())));
            history.add(queue.state());
            for (int i = 0; i < MODELS; i++) {
                registrars.add(new Registrar("model-" + i));
            }
            relays.add(new RelayActor("relay A"));
            relays.add(new RelayActor("relay B"));
        }

        Finding run() {
            for (int step = 0; step < STEPS; step++) {
                outbox.jdbc().update("UPDATE outbox_delivery SET delivered_at = DATEADD(MINUTE, -1, delivered_at)");
                double dice = random.nextDouble();
                act(stormy && dice < 0.12 ? 0.90 + dice / 2 : dice);
                notePark();
            }
            registrars.forEach(Registrar::commitIfOpen);
            return drainAndCheck();
        }

        private void act(double dice) {
            if (dice < 0.30) {
                registrars.get(random.nextInt(MODELS)).beginOrEnd();
            } else if (dice < 0.84) {
                relays.get(random.nextInt(2)).step(random.nextDouble() < 0.15);
            } else if (dice < 0.90) {
                relays.get(random.nextInt(2)).crash();
            } else if (dice < 0.92 && queueFaults) {
                int to = random.nextInt(history.size());
                queue.fallBackTo(history.get(to));
                history.subList(to + 1, history.size()).clear();
                stateLost = true;
                trace.add("queue falls back to "
                        + queue.checkpoints(source(), kept).newestFirst());
            } else if (dice < 0.93 && queueFaults) {
                queue.wipe();
                history.clear();
                history.add(queue.state());
                stateLost = true;
                trace.add("queue wiped");
            } else if (dice < 0.95 && databaseFaults) {
                snapshots.add(new Snapshot());
                trace.add("backup");
            } else if (dice < 0.96 && databaseFaults && !snapshots.isEmpty()) {
                restore(random.nextInt(snapshots.size()));
            } else if (dice < 0.98) {
                purge();
            } else if (!refused.isEmpty() && random.nextDouble() < 0.3) {
                UUID pardoned = new TreeSet<>(refused).first();
                refused.remove(pardoned);
                trace.add("no longer refused: " + pardoned);
            }
        }

        private void notePark() {
            parked.addAll(outbox.jdbc()
                    .query(
                            "SELECT m.message_id FROM outbox_parked p JOIN outbox_message m ON m.id = p.id",
                            (row, n) -> row.getObject(1, UUID.class)));
        }

        /** Only what was delivered long enough ago may go; what else is gone counts as lost. */
        private void purge() {
            Set<UUID> before = messages();
            Set<UUID> old = new HashSet<>(
                    outbox.jdbc().query("""
                            SELECT m.message_id FROM outbox_message m JOIN outbox_delivery d
                              ON m.position BETWEEN d.from_position AND d.to_position
                            WHERE d.delivered_at < DATEADD(MINUTE, ?, CURRENT_TIMESTAMP)
                            """, (row, n) -> row.getObject(1, UUID.class), -retention.toMinutes()));
            purged += outbox.purge().purge(retention, 3, Duration.ofSeconds(30));
            before.removeAll(messages());
            before.retainAll(old);
            expired.addAll(before);
            trace.add("purged " + before.size());
        }

        private Set<UUID> messages() {
            return new HashSet<>(outbox.jdbc()
                    .query("SELECT message_id FROM outbox_message", (row, n) -> row.getObject(1, UUID.class)));
        }

        private void restore(int k) {
            registrars.forEach(Registrar::rollBackIfOpen);
            snapshots.get(k).restore();
            snapshots.subList(k + 1, snapshots.size()).clear();
            stateLost = true;
            trace.add("database restored");
        }

        private Finding drainAndCheck() {
            RelayActor survivor = relays.get(0);
            survivor.crash();
            survivor.drained = 0;
            for (int n = 0; survivor.drained < 3; n++) {
                if (n == LONGEST_DRAIN) {
                    return new Finding("LIVELOCK", "", trace);
                }
                survivor.step(false);
            }
            notePark();
            List<UUID> inQueue =
                    queue.elements().stream().map(ProtocolSimulation::messageId).toList();
            delivered += inQueue.size();
            parkedInAll += parked.size();
            int rewound = outbox.jdbc().queryForObject("SELECT count(*) FROM outbox_rewind", Integer.class);
            rewinds += rewound;

            Set<UUID> lost = new HashSet<>(committed.keySet());
            lost.removeAll(inQueue);
            lost.removeAll(parked);
            lost.removeAll(expired);
            if (!lost.isEmpty()) {
                return new Finding("LOSS", lost, trace);
            }
            if (stateLost) {
                return null;
            }
            if (new HashSet<>(inQueue).size() != inQueue.size()) {
                return new Finding("DUPLICATE", inQueue, trace);
            }
            if (!committed.keySet().containsAll(inQueue)) {
                return new Finding("NEVER COMMITTED", inQueue, trace);
            }
            Map<String, Integer> newest = new HashMap<>();
            for (UUID message : inQueue) {
                Commit commit = committed.get(message);
                Integer before = newest.put(commit.model(), commit.order());
                if (before != null && before > commit.order()) {
                    return new Finding("ORDER", commit.model() + " in " + inQueue, trace);
                }
            }
            return rewound > 0 ? new Finding("FALSE REWIND", rewound, trace) : null;
        }

        void end() {
            registrars.forEach(Registrar::end);
            relays.forEach(RelayActor::end);
        }

        private Source source() {
            return new Source(outbox.partitions().outboxId(), 0);
        }

        private record Commit(String model, int order) {}

        /** One model's registrations, one transaction after the other. */
        private final class Registrar {

            private final String model;
            private final Actor actor;
            private boolean open;
            private boolean commit;
            private UUID message;

            Registrar(String model) {
                this.model = model;
                this.actor = new Actor(model, this::register);
                actor.step(); // to the pause before its first transaction
            }

            private void register() {
                actor.pause();
                outbox.transaction().executeWithoutResult(transaction -> {
                    outbox.jdbc()
                            .queryForObject("SELECT name FROM model WHERE name = ? FOR UPDATE", String.class, model);
                    outbox.outbox().append(new NewMessage(message, model, "test", "{}"));
                    actor.pause();
                    if (!commit) {
                        transaction.setRollbackOnly();
                    }
                });
            }

            void beginOrEnd() {
                if (open) {
                    end(random.nextDouble() < 0.9);
                } else {
                    message = new UUID(random.nextLong(), random.nextLong());
                    if (random.nextDouble() < 0.06) {
                        refused.add(message);
                    }
                    trace.add(model + " appends " + message + (refused.contains(message) ? ", which is refused" : ""));
                    open = true;
                    actor.step();
                }
            }

            private void end(boolean commits) {
                open = false;
                commit = commits;
                actor.step();
                trace.add(model + (commits ? " commits" : " rolls back"));
                if (commits) {
                    committed.put(message, new Commit(model, Schedule.this.commits++));
                }
            }

            void commitIfOpen() {
                if (open) {
                    end(true);
                }
            }

            void rollBackIfOpen() {
                if (open) {
                    end(false);
                }
            }

            void end() {
                rollBackIfOpen();
                actor.end();
            }
        }

        /** Passes for ever; pauses before and after each call of the queue. */
        private final class RelayActor implements MessageQueue, Traffic {

            private final String name;
            private final Actor actor;
            private boolean loseReply;
            private int drained;

            RelayActor(String name) {
                this.name = name;
                this.actor = new Actor(name, this::pass);
                actor.step();
            }

            private void pass() {
                try {
                    RelayPass.Outcome outcome = new RelayPass(
                                    partition,
                                    this,
                                    source(),
                                    new RelayPass.PassLimits(BATCH, 1_000_000, kept, name),
                                    () -> true,
                                    this,
                                    new PassObserver() {})
                            .run(checkpoints(source(), 1));
                    drained += outcome == RelayPass.Outcome.DRAINED ? 1 : 0;
                } catch (QueueUnavailableException e) {
                    trace.add(name + " gave up its pass: " + e.getMessage());
                }
            }

            void step(boolean loseReply) {
                this.loseReply = loseReply;
                actor.step();
            }

            void crash() {
                trace.add(name + " crashes");
                actor.crash();
            }

            void end() {
                actor.end();
            }

            @Override
            public Checkpoints checkpoints(Source source, int most) {
                actor.pause();
                Checkpoints checkpoints = queue.checkpoints(source, most);
                trace.add(name + " sees " + checkpoints.newestFirst());
                actor.pause();
                return checkpoints;
            }

            @Override
            public AppendResult append(Source source, Append append) {
                return send(source, append).await();
            }

            /** Takes effect at once, or when the answer is waited for. */
            @Override
            public PendingAppend send(Source source, Append append) {
                actor.pause();
                AppendResult early = random.nextBoolean() ? apply(source, append) : null;
                actor.pause();
                return () -> {
                    actor.pause();
                    AppendResult result = early == null ? apply(source, append) : early;
                    if (loseReply) {
                        lostReplies++;
                        throw new QueueUnavailableException(
                                QueueUnavailableException.Cause.TIMEOUT, "the reply was lost", null);
                    }
                    actor.pause();
                    return result;
                };
            }

            private AppendResult apply(Source source, Append append) {
                AppendResult result = queue.append(source, append);
                trace.add(name + " appends " + append.entries().size() + " up to " + append.checkpoint() + " after "
                        + append.expected() + ": " + result);
                history.add(queue.state());
                stale += result instanceof AppendResult.Stale ? 1 : 0;
                return result;
            }

            @Override
            public boolean goesOn() {
                return random.nextInt(3) > 0;
            }

            @Override
            public boolean awaitCommit() {
                actor.pause();
                return random.nextBoolean();
            }
        }

        /** A backup of the outbox's tables, and of what had been committed by then. */
        private final class Snapshot {

            private final Map<String, List<Map<String, Object>>> rows = new LinkedHashMap<>();
            private final Map<UUID, Commit> committedThen = new LinkedHashMap<>(committed);

            Snapshot() {
                for (String table : TABLES) {
                    rows.put(table, outbox.jdbc().queryForList("SELECT * FROM " + table));
                }
            }

            void restore() {
                rows.forEach((table, contents) -> {
                    outbox.jdbc().update("DELETE FROM " + table);
                    for (Map<String, Object> row : contents) {
                        outbox.jdbc()
                                .update(
                                        "INSERT INTO " + table + " (" + String.join(", ", row.keySet()) + ") VALUES (?"
                                                + ", ?".repeat(row.size() - 1) + ")",
                                        row.values().toArray());
                    }
                });
                committed = new LinkedHashMap<>(committedThen);
                commits = committed.values().stream()
                                .map(Commit::order)
                                .max(Comparator.naturalOrder())
                                .orElse(-1)
                        + 1;
            }
        }
    }

    private static UUID messageId(String element) {
        int from = "{\"message_id\":\"".length();
        return UUID.fromString(element.substring(from, from + 36));
    }
}
