package ai.hokus.registry.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.cbor.CBORMapper;

/**
 * CloudWatch's PutMetricData on 127.0.0.1, in the protocol that the AWS SDK speaks: Smithy's RPC v2 with CBOR. Until it is
 * closed, the SDK's clients find it by a system property.
 */
final class FakeCloudWatch implements AutoCloseable {

    static final String PATH = "/service/GraniteServiceVersion20100801/operation/PutMetricData";

    /** One datum of a request. */
    record Datum(String name, Map<String, String> dimensions, double value, String unit, double timestamp) {}

    /** One request. */
    record Put(String namespace, List<Datum> data) {}

    enum Behaviour {
        ACCEPT,
        REFUSE,
        HANG
    }

    /** As the variable {@code AWS_ENDPOINT_URL_CLOUDWATCH}. */
    private static final String ENDPOINT = "aws.endpointUrlCloudWatch";

    private static final byte[] EMPTY_MAP = {(byte) 0xA0};
    private static final long TIMEOUT_SECONDS = 20;

    private final CBORMapper cbor = new CBORMapper();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final BlockingQueue<Put> puts = new LinkedBlockingQueue<>();
    private final HttpServer server;
    private volatile Behaviour behaviour = Behaviour.ACCEPT;

    FakeCloudWatch() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
        System.setProperty(ENDPOINT, "http://127.0.0.1:" + server.getAddress().getPort());
    }

    void become(Behaviour next) {
        behaviour = next;
    }

    /** The next request, whatever was answered. */
    Put next() throws InterruptedException {
        Put put = puts.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        if (put == null) {
            throw new AssertionError("no request came");
        }
        return put;
    }

    /** Requests that came and nobody has asked for. */
    List<Put> rest() {
        List<Put> rest = new ArrayList<>();
        puts.drainTo(rest);
        return rest;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean known = exchange.getRequestURI().getPath().equals(PATH)
                    && "rpc-v2-cbor".equals(exchange.getRequestHeaders().getFirst("smithy-protocol"));
            if (!known) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            puts.add(put(exchange));
            if (behaviour == Behaviour.HANG) {
                closed.await();
                return;
            }
            exchange.getResponseHeaders().add("smithy-protocol", "rpc-v2-cbor");
            exchange.getResponseHeaders().add("Content-Type", "application/cbor");
            exchange.sendResponseHeaders(behaviour == Behaviour.ACCEPT ? 200 : 403, EMPTY_MAP.length);
            exchange.getResponseBody().write(EMPTY_MAP);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Put put(HttpExchange exchange) throws IOException {
        boolean compressed = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
        byte[] body = exchange.getRequestBody().readAllBytes();
        InputStream in = new ByteArrayInputStream(body);
        JsonNode request = cbor.readTree(compressed ? new GZIPInputStream(in) : in);
        List<Datum> data = new ArrayList<>();
        for (JsonNode datum : request.get("MetricData")) {
            Map<String, String> dimensions = new TreeMap<>();
            for (JsonNode dimension : datum.path("Dimensions")) {
                dimensions.put(
                        dimension.get("Name").asString(), dimension.get("Value").asString());
            }
            data.add(new Datum(
                    datum.get("MetricName").asString(),
                    dimensions,
                    datum.get("Value").asDouble(),
                    datum.get("Unit").asString(),
                    datum.get("Timestamp").asDouble()));
        }
        return new Put(request.get("Namespace").asString(), data);
    }

    @Override
    public void close() {
        System.clearProperty(ENDPOINT);
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
