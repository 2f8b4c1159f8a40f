package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.support.TestDatabase;
import java.sql.Array;
import java.sql.SQLException;
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
import org.springframework.jdbc.support.SqlArrayValue;

/**
 * One partition, one database, one queue, two relays that overlap freely, as if the lock did not exist.
 *
 * <ul>
 *   <li><b>Registrations</b> of several models, whose transactions stay open across other steps: each locks its model,
 *       takes the next id, and commits or rolls back later. On PostgreSQL ids are not in commit order, but per model they are.
 *   <li><b>Relays</b> that crash or sleep before and after every call of the queue, which is between any two steps.
 *   <li><b>Replies</b> that are lost after the append took effect.
 *   <li><b>Messages</b> that the queue refuses, for ever or for a while.
 *   <li><b>A consumer</b> that takes elements, and a queue that is full without it, in half of the schedules.
 *   <li><b>Operators</b> pause and resume, requeue and discard what is parked, and send delivered messages again.
 *   <li><b>The queue</b> falls back to an earlier state, or is wiped.
 *   <li><b>The database</b> is restored from an earlier backup while relays go on: ids and positions are given again.
 *   <li><b>Storms</b>, in every other schedule: queue and database lose state three times as often, one soon after the other.
 *   <li><b>Retention</b> purges in between, or never.
 * </ul>
 *
 * Then every fault stops, one relay drains the partition, and it is checked: no loss (a committed message is in the queue,
 * was consumed, or is parked, or was delivered longer ago than retention); nothing was appended between a fence and the
 * resume; unless the queue or the database lost state: no duplicate, each model's messages in the order of its commits, and no
 * rewind; and with one fault only, the partition was never stopped.
 */
final class ProtocolSimulation {

    /** Schedules of so many seeds in a row differ in their faults; those of the next seeds have another capacity. */
    static final int PROFILES = 32;

    private static final int MODELS = 4;
    private static final int STEPS = 150;
    private static final int BATCH = 3;
    private static final int MAX_DRAIN_STEPS = 20_000;
    private static final Duration SHORT_RETENTION = Duration.ofMinutes(15); // one step is one minute
    private static final Duration LONG_RETENTION = Duration.ofDays(3650);
    private static final List<String> TABLES = List.of(
            "outbox_message", "outbox_partition", "outbox_batch", "outbox_delivery", "outbox_rewind", "outbox_parked");

    /** What broke, and the schedule that broke it. */
    record Finding(String what, Object detail, List<String> trace) {
        @Override
        public String toString() {
            return what + " " + detail + "\n  " + String.join("\n  ", trace);
        }
    }

    /** What all schedules together did: a simulation that does nothing finds nothing. */
    static final class Tally {
        long schedules;
        long delivered;
        long parked;
        long decided;
        long resent;
        long rewinds;
        long purged;
        long appendsAfterAClaimAhead;
        long stale;
        long full;
        long fences;
        long lostReplies;
        long restores;
        long stops;

        @Override
        public String toString() {
            return "schedules=" + schedules + " delivered=" + delivered + " parked=" + parked + " decided=" + decided
                    + " resent=" + resent + " rewinds=" + rewinds + " purged=" + purged + " appendsAfterAClaimAhead="
                    + appendsAfterAClaimAhead + " stale=" + stale + " full="
                    + full + " fences=" + fences + " lostReplies=" + lostReplies + " restores=" + restores + " stops="
                    + stops;
        }
    }

    private final TestDatabase kind;
    private final TestOutbox outbox;
    private final Tally tally = new Tally();

    /** With the default {@code divergence-heal-interval}. */
    ProtocolSimulation(TestDatabase kind) {
        this.kind = kind;
        outbox = TestOutbox.on(kind.newMigrated(1), Duration.ofHours(1));
    }

    Tally tally() {
        return tally;
    }

    /** Runs one schedule; null: all promises held. */
    Finding run(long seed) {
        outbox.jdbc().update("DELETE FROM model");
        TABLES.forEach(table -> outbox.jdbc().update("DELETE FROM " + table));
        outbox.jdbc().update("INSERT INTO outbox_partition (partition_id, histories) VALUES (0, ARRAY[1])");
        for (int model = 0; model < MODELS; model++) {
            outbox.jdbc().update("INSERT INTO model (name) VALUES (?)", "model-" + model);
        }
        tally.schedules++;
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
        private final boolean oneRestore;
        private final boolean stormy;
        private final Duration retention;
        private final long capacity;
        private final List<String> trace = new ArrayList<>();

        private final InMemoryMessageQueue queue;
        private final List<InMemoryMessageQueue.State> history = new ArrayList<>();
        private final List<String> consumed = new ArrayList<>();
        private final List<Registrar> registrars = new ArrayList<>();
        private final List<RelayActor> relays = new ArrayList<>();
        private final Set<UUID> refused = new HashSet<>();

        private Map<UUID, Commit> committed = new LinkedHashMap<>();
        private int commits;
        private final Set<UUID> everParked = new HashSet<>();
        private final Set<UUID> purged = new HashSet<>();
        private final Set<UUID> expired = new HashSet<>();
        private final Set<UUID> decided = new HashSet<>();
        private final Map<UUID, Integer> copies = new HashMap<>();
        private final List<Snapshot> snapshots = new ArrayList<>();
        private boolean stateLost;
        private long appendedElements;
        private long appendedAtFence = -1;

        /** A restore into a pause that was fenced then, and ended since, is no fence: an operator pauses anew. */
        private boolean pausedSinceRestore;

        private String broken;

        Schedule(long seed) {
            random = new Random(seed);
            int profile = (int) Math.floorMod(seed, (long) PROFILES);
            oneRestore = profile % 4 == 3;
            queueFaults = profile % 4 == 1 || profile % 4 == 2;
            databaseFaults = profile % 4 >= 2;
            retention = profile / 4 % 2 == 0 ? SHORT_RETENTION : LONG_RETENTION;
            int kept = profile / 8 % 2 == 0 ? 1 : 4;
            stormy = profile / 16 > 0 && !oneRestore;
            capacity = Math.floorMod(Math.floorDiv(seed, (long) PROFILES), 2L) == 0 ? 5 : Long.MAX_VALUE;
            trace.add("queue faults " + queueFaults + ", database faults " + databaseFaults + ", one restore "
                    + oneRestore + ", stormy " + stormy + ", retention " + retention + ", checkpoints kept " + kept
                    + ", capacity " + capacity);
            queue = new InMemoryMessageQueue(capacity, kept);
            queue.refuse(entry -> refused.contains(messageId(entry.element())));
            history.add(queue.state());
            for (int i = 0; i < MODELS; i++) {
                registrars.add(new Registrar("model-" + i));
            }
            relays.add(new RelayActor("relay A"));
            relays.add(new RelayActor("relay B"));
        }

        Finding run() {
            for (int step = 0; step < STEPS && broken == null; step++) {
                ageByOneMinute();
                double dice = random.nextDouble();
                act(stormy && dice < 0.12 ? 0.90 + dice / 2 : dice);
                notePark();
                if (oneRestore && isStopped()) {
                    return new Finding("A HUMAN IS NEEDED", "", trace);
                }
            }
            registrars.forEach(Registrar::commitIfOpen);
            return broken != null ? new Finding(broken, "", trace) : drainAndCheck();
        }

        private void ageByOneMinute() {
            String minute = kind == TestDatabase.H2 ? "DATEADD(MINUTE, -1, %1$s)" : "%1$s - INTERVAL '1 minute'";
            outbox.jdbc()
                    .batchUpdate(
                            "UPDATE outbox_delivery SET delivered_at = " + minute.formatted("delivered_at"),
                            "UPDATE outbox_rewind SET rewound_at = " + minute.formatted("rewound_at"),
                            "UPDATE outbox_partition SET diverged_at = " + minute.formatted("diverged_at"));
        }

        private void act(double dice) {
            if (dice < 0.28) {
                registrars.get(random.nextInt(MODELS)).step();
            } else if (dice < 0.78) {
                relays.get(random.nextInt(2)).step(random.nextDouble() < 0.15);
            } else if (dice < 0.83) {
                relays.get(random.nextInt(2)).crash();
            } else if (dice < 0.86) {
                consume();
            } else if (dice < 0.88) {
                pauseOrResume();
            } else if (dice < 0.90) {
                decideOrResend();
            } else if (dice < 0.92 && queueFaults) {
                int to = random.nextInt(history.size());
                queue.fallBackTo(history.get(to));
                history.subList(to + 1, history.size()).clear();
                lostState();
                trace.add("queue falls back to "
                        + queue.allCheckpoints(producer()).newestFirst());
            } else if (dice < 0.93 && queueFaults) {
                queue.wipe();
                history.clear();
                history.add(queue.state());
                lostState();
                trace.add("queue wiped");
            } else if (dice < 0.95 && databaseFaults) {
                snapshots.add(new Snapshot());
                trace.add("backup");
            } else if (dice < 0.96 && databaseFaults && !snapshots.isEmpty() && !(oneRestore && stateLost)) {
                restore(random.nextInt(snapshots.size()));
            } else if (dice < 0.98) {
                purge();
            } else if (!refused.isEmpty() && random.nextDouble() < 0.3) {
                UUID pardoned = new TreeSet<>(refused).first();
                refused.remove(pardoned);
                trace.add("no longer refused: " + pardoned);
            }
        }

        private void lostState() {
            stateLost = true;
            appendedAtFence = -1;
        }

        private void consume() {
            queue.take().ifPresent(element -> {
                consumed.add(element);
                history.add(queue.state());
                trace.add("consumed " + messageId(element));
            });
        }

        private boolean isStopped() {
            return outbox.jdbc().queryForObject("SELECT stopped_at IS NOT NULL FROM outbox_partition", Boolean.class);
        }

        private void pauseOrResume() {
            boolean paused = outbox.jdbc().queryForObject("SELECT paused FROM outbox_partition", Boolean.class);
            outbox.jdbc()
                    .update(
                            paused
                                    ? "UPDATE outbox_partition SET paused = FALSE"
                                    : "UPDATE outbox_partition SET paused = TRUE, halt_id = DEFAULT");
            appendedAtFence = -1;
            pausedSinceRestore = !paused;
            trace.add(paused ? "resumed" : "paused");
        }

        /** What an operator does by SQL: decides on a parked message, or sends a delivered one again. */
        private void decideOrResend() {
            List<Map<String, Object>> parked =
                    outbox.jdbc().queryForList("SELECT id, message_id FROM outbox_parked_messages ORDER BY id LIMIT 1");
            boolean resend = parked.isEmpty() || random.nextBoolean();
            List<Map<String, Object>> rows = resend
                    ? outbox.jdbc()
                            .queryForList("SELECT id, message_id FROM outbox_delivered_messages ORDER BY id LIMIT 1")
                    : parked;
            if (rows.isEmpty()) {
                return;
            }
            UUID message = (UUID) rows.get(0).get("message_id");
            boolean copy = resend || random.nextBoolean();
            outbox.transaction().executeWithoutResult(transaction -> {
                outbox.jdbc().queryForList("SELECT partition_id FROM outbox_partition FOR UPDATE");
                if (!resend) {
                    outbox.jdbc()
                            .update(
                                    "UPDATE outbox_parked SET resolution = ?, resolved_at = CURRENT_TIMESTAMP WHERE id = ?",
                                    copy ? "requeued" : "discarded",
                                    rows.get(0).get("id"));
                }
                if (copy) {
                    outbox.copy((Long) rows.get(0).get("id"));
                }
            });
            if (resend) {
                copies.merge(message, 1, Integer::sum);
                tally.resent++;
            } else {
                tally.decided++;
                decided.add(message);
            }
            trace.add((resend ? "resent " : copy ? "requeued " : "discarded ") + message);
        }

        private void notePark() {
            List<UUID> marked = outbox.jdbc()
                    .query(
                            "SELECT m.message_id FROM outbox_parked p JOIN outbox_message m ON m.id = p.id",
                            (row, n) -> row.getObject(1, UUID.class));
            everParked.addAll(marked);
        }

        /**
         * Only what was delivered long enough ago may go; what else is gone counts as lost. A message of which a copy is still there
         * is expected to arrive, unless a restore takes the copy away.
         */
        private void purge() {
            Map<Long, UUID> rows = messages();
            Set<Long> old = new HashSet<>(outbox.jdbc()
                    .queryForList(
                            "SELECT h.id FROM outbox_message_history h WHERE h.delivered_at < CURRENT_TIMESTAMP - INTERVAL '"
                                    + retention.toMinutes() + "' MINUTE",
                            Long.class));
            tally.purged += outbox.purge().purge(List.of(0), retention, 3, Duration.ofSeconds(30));
            Map<Long, UUID> left = messages();
            rows.keySet().removeAll(left.keySet());
            rows.keySet().retainAll(old);
            purged.addAll(rows.values());
            purged.stream().filter(message -> !left.containsValue(message)).forEach(expired::add);
            trace.add("purged " + rows.values());
        }

        private Map<Long, UUID> messages() {
            Map<Long, UUID> rows = new HashMap<>();
            outbox.jdbc().query("SELECT id, message_id FROM outbox_message", row -> {
                rows.put(row.getLong("id"), row.getObject("message_id", UUID.class));
            });
            return rows;
        }

        private void restore(int k) {
            registrars.forEach(Registrar::rollBackIfOpen);
            snapshots.get(k).restore();
            snapshots.subList(k + 1, snapshots.size()).clear();
            expired.addAll(purged);
            lostState();
            pausedSinceRestore = false;
            tally.restores++;
            trace.add("database restored");
        }

        private Finding drainAndCheck() {
            RelayActor survivor = relays.get(0);
            survivor.crash();
            outbox.jdbc().update("UPDATE outbox_partition SET paused = FALSE");
            survivor.drained = 0;
            for (int n = 0; survivor.drained < 3; n++) {
                if (n == MAX_DRAIN_STEPS) {
                    return new Finding("LIVELOCK", "", trace);
                }
                survivor.step(false);
                if (capacity < Long.MAX_VALUE) {
                    consume();
                }
                if (isStopped()) {
                    if (oneRestore) {
                        return new Finding("A HUMAN IS NEEDED", "", trace);
                    }
                    tally.stops++;
                    outbox.jdbc().update("UPDATE outbox_partition SET stopped_at = NULL, diverged_at = NULL");
                }
            }
            notePark();
            List<UUID> arrived = new ArrayList<>();
            consumed.forEach(element -> arrived.add(messageId(element)));
            queue.elements().forEach(element -> arrived.add(messageId(element)));
            tally.delivered += arrived.size();
            tally.parked += everParked.size();
            int rewound = outbox.jdbc().queryForObject("SELECT count(*) FROM outbox_rewind", Integer.class);
            tally.rewinds += rewound;
            Finding lost = lost(new HashSet<>(arrived));
            if (lost != null || stateLost) {
                return lost;
            }
            if (rewound > 0) {
                return new Finding("FALSE REWIND", rewound, trace);
            }
            return outOfPlace(arrived);
        }

        private Finding lost(Set<UUID> arrived) {
            Set<UUID> lost = new HashSet<>(committed.keySet());
            lost.removeAll(arrived);
            lost.removeAll(expired);
            lost.removeAll(everParked);
            if (!lost.isEmpty()) {
                return new Finding("LOSS", lost, trace);
            }
            // What never arrived is still marked, or an operator decided about it.
            Set<UUID> unmarked = new HashSet<>(committed.keySet());
            unmarked.removeAll(arrived);
            unmarked.removeAll(expired);
            unmarked.removeAll(decided);
            unmarked.removeAll(outbox.jdbc()
                    .query(
                            "SELECT m.message_id FROM outbox_parked p JOIN outbox_message m ON m.id = p.id",
                            (row, n) -> row.getObject(1, UUID.class)));
            return unmarked.isEmpty() || stateLost ? null : new Finding("MARK LOST", unmarked, trace);
        }

        private Finding outOfPlace(List<UUID> arrived) {
            Map<UUID, Integer> counts = new HashMap<>();
            Map<String, Integer> newest = new HashMap<>();
            for (UUID message : arrived) {
                Commit commit = committed.get(message);
                if (commit == null) {
                    return new Finding("NEVER COMMITTED", message, trace);
                }
                if (counts.merge(message, 1, Integer::sum) > 1 + copies.getOrDefault(message, 0)) {
                    return new Finding("DUPLICATE", message, trace);
                }
                boolean inOrder = counts.get(message) > 1 || everParked.contains(message);
                Integer before = inOrder ? null : newest.put(commit.model(), commit.order());
                if (before != null && before > commit.order()) {
                    return new Finding("ORDER", commit.model() + " in " + arrived, trace);
                }
            }
            return null;
        }

        void end() {
            registrars.forEach(Registrar::end);
            relays.forEach(RelayActor::end);
        }

        private ProducerId producer() {
            return new ProducerId(outbox.partitions().outboxId(), 0);
        }

        private record Commit(String model, int order) {}

        /** One model's registrations, one transaction after the other. */
        private final class Registrar {

            private final String model;
            private final Actor actor;
            private int stage;
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
                    actor.pause();
                    outbox.outbox().add(List.of(new NewMessage(message, model, "test", "{}")));
                    if (kind != TestDatabase.H2) {
                        actor.pause(); // on H2, who has drawn an id keeps all others from drawing one
                    }
                    if (!commit) {
                        transaction.setRollbackOnly();
                    }
                });
            }

            void step() {
                int last = kind == TestDatabase.H2 ? 1 : 2;
                if (stage == last) {
                    end(random.nextDouble() < 0.9);
                } else if (stage++ == 0) {
                    message = new UUID(random.nextLong(), random.nextLong());
                    if (random.nextDouble() < 0.06) {
                        refused.add(message);
                    }
                    trace.add(model + " begins " + message + (refused.contains(message) ? ", which is refused" : ""));
                    actor.step();
                } else {
                    actor.step();
                    trace.add(model + " draws an id");
                }
            }

            private void end(boolean commits) {
                if (kind != TestDatabase.H2 && stage == 1) {
                    actor.step();
                }
                stage = 0;
                commit = commits;
                actor.step();
                trace.add(model + (commits ? " commits" : " rolls back"));
                if (commits) {
                    committed.put(message, new Commit(model, Schedule.this.commits++));
                }
            }

            void commitIfOpen() {
                if (stage > 0) {
                    end(true);
                }
            }

            void rollBackIfOpen() {
                if (stage > 0) {
                    end(false);
                }
            }

            void end() {
                rollBackIfOpen();
                actor.end();
            }
        }

        /** Passes for ever; pauses before and after each call of the queue. */
        private final class RelayActor implements MessageQueue, LingerPolicy {

            private final String name;
            private final OutboxPartition partition;
            private final Actor actor;
            private boolean loseReply;
            private int drained;
            private RelayPass.Result last;
            private Runnable deferred;

            RelayActor(String name) {
                this.name = name;
                this.partition = outbox.partition(0, name);
                this.actor = new Actor(name, this::pass);
                actor.step();
            }

            private void pass() {
                RelayPass.Result before = last;
                last = null;
                try {
                    PassObserver observer = new PassObserver() {
                        @Override
                        public void claimed(ClaimResult result) {
                            appendDeferred();
                        }
                    };
                    var appender = new BatchAppender(this, producer(), observer, this::appendNowOrAfterTheNextClaim);
                    var limits = new RelayPass.Limits(BATCH, 1_000_000, 1);
                    RelayPass.Result result = new RelayPass(
                                    partition, this, producer(), limits, appender, () -> true, this, observer)
                            .run(newestCheckpoint(producer()), before);
                    last = result;
                    drained += result.state() == RelayState.IDLE ? 1 : 0;
                    trace.add(name + " ends its pass: " + result.state());
                    noteFence();
                } catch (QueueUnavailableException e) {
                    trace.add(name + " gave up its pass: " + e.getMessage());
                }
            }

            private void appendNowOrAfterTheNextClaim(Runnable append) {
                if (random.nextBoolean()) {
                    append.run();
                } else {
                    deferred = append;
                }
            }

            private void appendDeferred() {
                Runnable append = deferred;
                deferred = null;
                if (append != null) {
                    tally.appendsAfterAClaimAhead++;
                    append.run();
                }
            }

            /** From now on nothing may be appended until the resume. */
            private void noteFence() {
                boolean fenced = outbox.jdbc()
                        .queryForObject(
                                "SELECT paused AND fenced_halt_id = halt_id FROM outbox_partition", Boolean.class);
                long fence = outbox.jdbc().queryForObject("SELECT halt_id FROM outbox_partition", Long.class);
                if (fenced && pausedSinceRestore && newestInQueue().endsWith(":" + fence) && appendedAtFence < 0) {
                    appendedAtFence = appendedElements;
                    tally.fences++;
                }
            }

            private String newestInQueue() {
                List<String> newest = queue.newestCheckpoint(producer()).newestFirst();
                return newest.isEmpty() ? "" : newest.get(0);
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
            public Checkpoints newestCheckpoint(ProducerId producer) {
                return saw(() -> queue.newestCheckpoint(producer));
            }

            @Override
            public Checkpoints allCheckpoints(ProducerId producer) {
                return saw(() -> queue.allCheckpoints(producer));
            }

            private Checkpoints saw(java.util.function.Supplier<Checkpoints> look) {
                actor.pause();
                Checkpoints checkpoints = look.get();
                trace.add(name + " sees " + checkpoints.newestFirst());
                actor.pause();
                return checkpoints;
            }

            @Override
            public AppendResult append(ProducerId producer, Append append) {
                actor.pause();
                AppendResult result = queue.append(producer, append);
                trace.add(name + " appends " + append.entries().size() + " up to " + append.checkpoint() + " after "
                        + append.expected() + ": " + result);
                history.add(queue.state());
                tally.stale += result instanceof AppendResult.Stale ? 1 : 0;
                tally.full += result instanceof AppendResult.Full ? 1 : 0;
                if (result instanceof AppendResult.Appended) {
                    appendedElements += append.entries().size();
                    if (appendedAtFence >= 0 && appendedElements > appendedAtFence) {
                        broken = "APPENDED WHILE PAUSED";
                    }
                }
                if (loseReply) {
                    tally.lostReplies++;
                    throw new QueueUnavailableException(
                            QueueUnavailableException.Cause.TIMEOUT, "the reply was lost", null);
                }
                actor.pause();
                return result;
            }

            @Override
            public boolean shouldLinger() {
                return random.nextInt(3) > 0;
            }

            @Override
            public boolean awaitCommit() {
                actor.pause();
                return random.nextBoolean();
            }
        }

        /** A backup of the outbox's tables, of the next id, and of what had been committed by then. */
        private final class Snapshot {

            private final Map<String, List<Map<String, Object>>> rows = new LinkedHashMap<>();
            private final Map<UUID, Commit> committedThen = new LinkedHashMap<>(committed);
            private final long highestId;

            Snapshot() {
                for (String table : TABLES) {
                    rows.put(table, outbox.jdbc().queryForList("SELECT * FROM " + table));
                }
                highestId = outbox.jdbc().queryForObject("SELECT COALESCE(max(id), 0) FROM outbox_message", Long.class);
            }

            void restore() {
                rows.forEach((table, contents) -> {
                    outbox.jdbc().update("DELETE FROM " + table);
                    for (Map<String, Object> row : contents) {
                        outbox.jdbc()
                                .update(
                                        "INSERT INTO " + table + " (" + String.join(", ", row.keySet()) + ") VALUES (?"
                                                + ", ?".repeat(row.size() - 1) + ")",
                                        row.values().stream()
                                                .map(Snapshot::bindable)
                                                .toArray());
                    }
                });
                outbox.jdbc()
                        .execute(
                                kind == TestDatabase.H2
                                        ? "ALTER TABLE outbox_message ALTER COLUMN id RESTART WITH " + (highestId + 1)
                                        : "SELECT setval('outbox_message_id', " + (highestId + 1) + ", false)");
                committed = new LinkedHashMap<>(committedThen);
                commits = committed.values().stream()
                                .map(Commit::order)
                                .max(Comparator.naturalOrder())
                                .orElse(-1)
                        + 1;
            }

            private static Object bindable(Object value) {
                try {
                    return value instanceof Array array
                            ? new SqlArrayValue("bigint", (Object[]) array.getArray())
                            : value;
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private static UUID messageId(String element) {
        int from = "{\"message_id\":\"".length();
        return UUID.fromString(element.substring(from, from + 36));
    }
}
