package ai.hokus.registry.chaos;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Clients that register, several at once: each has a model of its own, whose next version it registers when the one before
 * is acknowledged, and all share two models. What is not answered 200 is sent again with the same body, to whichever
 * instance comes next.
 */
final class Load implements AutoCloseable {

    private static final int CLIENTS = 4;
    private static final int SHARED_MODELS = 2;
    private static final Duration RETRY_TIMEOUT = Duration.ofSeconds(90);

    private final String prefix;
    private final Supplier<List<ServiceInstance>> instances;
    private final String padding;
    private final long pauseNanos;
    private final boolean insist;
    private final Set<String> sent = ConcurrentHashMap.newKeySet();
    private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
    private final Queue<String> surprises = new ConcurrentLinkedQueue<>();
    private final Queue<String> refusals = new ConcurrentLinkedQueue<>();
    private final AtomicInteger acknowledgements = new AtomicInteger();
    private final AtomicInteger underWay = new AtomicInteger();
    private final List<Thread> clients = new ArrayList<>();
    private volatile boolean resting;
    private volatile boolean stopping;

    /**
     * @param prefix of the models' names
     * @param insist whether what is not acknowledged is sent again, or given up
     */
    Load(
            String prefix,
            Supplier<List<ServiceInstance>> instances,
            Duration pause,
            int paddingBytes,
            boolean insist,
            long seed) {
        this.prefix = prefix;
        this.instances = instances;
        this.padding = "x".repeat(paddingBytes);
        this.pauseNanos = pause.toNanos();
        this.insist = insist;
        for (int client = 0; client < CLIENTS; client++) {
            int number = client;
            Thread thread = new Thread(() -> register(number, new Random(seed + number)), "client-" + client);
            thread.setDaemon(true);
            clients.add(thread);
        }
    }

    Load start() {
        clients.forEach(Thread::start);
        return this;
    }

    String prefix() {
        return prefix;
    }

    int acknowledgements() {
        return acknowledgements.get();
    }

    /** Model ids, as the service answers them. */
    List<String> acknowledged() {
        return List.copyOf(acknowledged);
    }

    /** Model ids of all that was ever tried: of what was not acknowledged, nothing is known. */
    Set<String> sent() {
        return Set.copyOf(sent);
    }

    /** Answers that no fault explains. */
    List<String> surprises() {
        return List.copyOf(surprises);
    }

    /** Bodies of answers 503. */
    List<String> refusals() {
        return List.copyOf(refusals);
    }

    /** Waits until as many more registrations have been acknowledged. */
    void awaitMore(int registrations, Duration timeout) {
        int from = acknowledgements();
        Await.until(
                registrations + " more registrations are acknowledged",
                timeout,
                () -> acknowledgements() - from >= registrations);
    }

    /** No new registrations until {@link #resume}; returns when none is under way. */
    void rest() {
        resting = true;
        Await.until("no registration is under way", RETRY_TIMEOUT, () -> underWay.get() == 0);
    }

    void resume() {
        resting = false;
    }

    /** Registers one, also while the clients rest. Returns its model id. */
    String registerOneMore() {
        String id = prefix + "-more/" + acknowledgements() + "/T";
        if (!registerOne(id, new Random(1))) {
            throw new AssertionError("not acknowledged: " + id);
        }
        return id;
    }

    /** No new registrations; those under way are seen through. */
    void stop() {
        stopping = true;
        for (Thread client : clients) {
            try {
                client.join(RETRY_TIMEOUT.plusSeconds(10).toMillis());
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private void register(int client, Random dice) {
        for (int version = 1; !stopping; version++) {
            // The shared models' versions differ by client: no two clients register the same.
            boolean own = dice.nextBoolean();
            String model = own ? prefix + "-own" + client : prefix + "-shared" + dice.nextInt(SHARED_MODELS);
            String id = model + "/" + (own ? "" : "c" + client + ".") + version + "/T";
            underWay.incrementAndGet();
            if (!resting && !registerOne(id, dice) && insist) {
                surprises.add("never acknowledged: " + id);
            }
            underWay.decrementAndGet();
            LockSupport.parkNanos(pauseNanos);
        }
    }

    private boolean registerOne(String id, Random dice) {
        String[] parts = id.split("/", -1);
        String json = """
                {"model_name":"%s","version":"%s","token_id":"%s","proposal_identifier":"P","metric_name":"f1",
                 "baseline_value":0.5,"mlflow_run_id":"r","api_schema":{"padding":"%s"}}""".formatted(parts[0], parts[1], parts[2], padding);
        sent.add(id);
        long deadline = System.nanoTime() + RETRY_TIMEOUT.toNanos();
        int next = dice.nextInt(64);
        do {
            List<ServiceInstance> now = instances.get();
            if (!now.isEmpty() && answeredOk(now.get(next++ % now.size()), json, id)) {
                acknowledged.add(id);
                acknowledgements.incrementAndGet();
                return true;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30));
        } while (insist && System.nanoTime() - deadline < 0);
        return false;
    }

    private boolean answeredOk(ServiceInstance instance, String json, String id) {
        try {
            HttpResponse<String> answer = instance.register(json);
            switch (answer.statusCode()) {
                case 200 -> {
                    return true;
                }
                case 429 -> {}
                case 503 -> refusals.add(answer.body());
                default -> surprises.add(id + ": " + answer.statusCode() + " " + answer.body());
            }
        } catch (IOException away) {
            // It was killed, frozen, or is not there yet.
        }
        return false;
    }

    @Override
    public void close() {
        stop();
    }
}
