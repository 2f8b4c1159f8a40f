package ai.hokus.registry.benchmark;

import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/**
 * Clients with a thread and a connection each. Every answer must have the expected status, or the load fails.
 *
 * @param port the service's, on the loopback interface
 * @param expected status
 */
record Load(int port, int clients, int expected, Requests requests) {

    /** What they ask for. */
    interface Requests {

        /**
         * A whole request.
         *
         * @param client from 0
         * @param n of this client, from 0
         */
        byte[] next(int client, int n);
    }

    /** Registrations, each with a version of its own. A model is always registered by the same clients, in turn. */
    static Requests registrations(int models, int clients, String version) {
        return (client, n) -> {
            long number = (long) n * clients + client;
            return registration("model-" + number % models, version + number);
        };
    }

    /** Registrations, each of a model of its own. */
    static Requests registrationsOfNewModels(int clients, String version) {
        return (client, n) -> {
            String number = version + ((long) n * clients + client);
            return registration("model-" + number, number);
        };
    }

    private static byte[] registration(String model, String version) {
        return post("""
                {"model_name":"%s","version":"%s","token_id":"T","proposal_identifier":"P","metric_name":"f1",\
                "baseline_value":0.5,"current_value":0.75,"mlflow_run_id":"run-%2$s","model_uri":"models:/%1$s/%2$s",\
                "eval_spec":"spec","tags":{"team":"search","stage":"candidate"}}""".formatted(model, version));
    }

    static byte[] post(String json) {
        return """
                POST /models/tokenized-registration-events HTTP/1.1\r
                Host: 127.0.0.1\r
                X-API-Key: %s\r
                Content-Type: application/json\r
                Content-Length: %d\r
                \r
                %s""".formatted(TestKeys.KEY, json.getBytes(StandardCharsets.UTF_8).length, json)
                .getBytes(StandardCharsets.UTF_8);
    }

    static byte[] get(String path) {
        return "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: %s\r\n\r\n"
                .formatted(path, TestKeys.KEY)
                .getBytes(StandardCharsets.UTF_8);
    }

    /** Each client sends its next request when the one before is answered. */
    Latencies closed(Duration length) {
        long deadline = System.nanoTime() + length.toNanos();
        return run((client, connection, latencies) -> {
            for (int n = 0; System.nanoTime() < deadline; n++) {
                byte[] request = requests.next(client, n);
                long start = System.nanoTime();
                send(connection, request);
                latencies.add(System.nanoTime() - start);
            }
        });
    }

    /**
     * Requests at fixed instants, whether or not those before are answered. An answer's time counts from that instant, so
     * that one slow answer shows in those that had to wait behind it.
     */
    Latencies open(int perSecond, int total) {
        long begin = System.nanoTime() + Duration.ofMillis(100).toNanos();
        return run((client, connection, latencies) -> {
            for (int n = 0; (long) n * clients + client < total; n++) {
                byte[] request = requests.next(client, n);
                long due = begin + ((long) n * clients + client) * 1_000_000_000L / perSecond;
                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                send(connection, request);
                latencies.add(System.nanoTime() - due);
            }
        });
    }

    private void send(HttpConnection connection, byte[] request) throws IOException {
        HttpConnection.Answer answer = connection.exchange(request);
        if (answer.status() != expected) {
            throw new AssertionError(answer.toString());
        }
    }

    private interface Client {
        void run(int client, HttpConnection connection, Latencies latencies) throws IOException;
    }

    private Latencies run(Client work) {
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try {
            List<Future<Latencies>> running = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                int client = i;
                running.add(threads.submit(() -> {
                    Latencies latencies = new Latencies();
                    try (HttpConnection connection = new HttpConnection(port)) {
                        work.run(client, connection, latencies);
                    }
                    return latencies;
                }));
            }
            List<Latencies> all = new ArrayList<>();
            for (Future<Latencies> one : running) {
                all.add(one.get());
            }
            return Latencies.of(all);
        } catch (ExecutionException e) {
            throw new AssertionError("a client failed", e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            threads.shutdownNow();
        }
    }
}
