package ai.hokus.registry.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A way to Redis that can be made slow, and that can break in the middle of a reply: Redis has done what it was asked, and
 * nobody hears of it. Faults hold for open connections and for new ones, until {@link #heal}. Thread-safe.
 */
public final class FaultyWire implements AutoCloseable {

    private final int redisPort;
    private final ServerSocket listener;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger cuts = new AtomicInteger();
    private volatile Duration latency = Duration.ZERO;
    /** Where replies break; empty: nowhere. */
    private volatile byte[] breakingPoint = {};

    private FaultyWire(int redisPort, ServerSocket listener) {
        this.redisPort = redisPort;
        this.listener = listener;
    }

    public static FaultyWire to(TestRedis redis) {
        try {
            FaultyWire wire = new FaultyWire(redis.port(), new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
            inBackground("wire-accept", wire::accept);
            return wire;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String url() {
        return "redis://127.0.0.1:" + listener.getLocalPort();
    }

    /** Every reply takes so much longer. */
    public void delayReplies(Duration latency) {
        this.latency = latency;
    }

    /** A reply that contains this text ends in the middle of it, and so does its connection. */
    public void cutRepliesWithin(String text) {
        breakingPoint = text.getBytes(StandardCharsets.UTF_8);
    }

    public void heal() {
        latency = Duration.ZERO;
        breakingPoint = new byte[] {};
    }

    /** How many connections broke within a reply. */
    public int cuts() {
        return cuts.get();
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                sockets.add(client);
                Socket redis = new Socket(InetAddress.getLoopbackAddress(), redisPort);
                sockets.add(redis);
                inBackground("wire-requests", () -> pump(client, redis, false));
                inBackground("wire-replies", () -> pump(redis, client, true));
            } catch (IOException e) {
                // The listener was closed, or Redis is away: its client sees a connection that says nothing.
            }
        }
    }

    private void pump(Socket from, Socket to, boolean replies) {
        byte[] buffer = new byte[64 * 1024];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                int passed = replies ? reply(buffer, length) : length;
                out.write(buffer, 0, passed);
                out.flush();
                if (passed < length) {
                    cuts.incrementAndGet();
                    return;
                }
            }
        } catch (IOException e) {
            // The other direction ended first.
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    /** Waits for as long as the fault wants, and says how much of the reply gets through. */
    private int reply(byte[] buffer, int length) {
        long until = System.nanoTime() + latency.toNanos();
        while (System.nanoTime() < until) {
            LockSupport.parkNanos(until - System.nanoTime());
        }
        byte[] text = breakingPoint;
        for (int i = 0; text.length > 0 && i + text.length <= length; i++) {
            if (Arrays.equals(buffer, i, i + text.length, text, 0, text.length)) {
                return i + text.length / 2;
            }
        }
        return length;
    }

    private static void inBackground(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }
}
