package ai.hokus.registry.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.util.FileSystemUtils;
import redis.embedded.RedisExecProvider;

/**
 * Real redis-servers for tests. {@link #shared()} is started once for a JVM: use keys of your own ({@link #freshName}).
 * A test that stops, fills, hangs or restricts a server starts its own with {@link #start}.
 *
 * <p>The program is the one that the build brings, or the one that the system property {@code test.redis-server} names.
 *
 * <p>Servers listen on a free port of the loopback interface, keep nothing on disk unless told to, and end with the JVM.
 */
public final class TestRedis implements AutoCloseable {

    private static final AtomicInteger NAMES = new AtomicInteger();
    private static final String LOOPBACK = "127.0.0.1";
    private static final int TRIES_FOR_A_PORT = 5;

    private static TestRedis shared;
    private static Path executable;

    private final String address;
    private final int port;
    private final boolean sentinel;
    private final Path folder;
    private final List<String> config;
    private Process process;

    private TestRedis(String address, int port, boolean sentinel, List<String> config) throws IOException {
        this.address = address;
        this.port = port;
        this.sentinel = sentinel;
        this.folder = Files.createTempDirectory("test-redis");
        this.config = config;
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, "test-redis-stop"));
    }

    /** The one that all tests of this JVM share. Never stop, fill or configure it. */
    public static synchronized TestRedis shared() {
        if (shared == null) {
            shared = start();
        }
        return shared;
    }

    /**
     * Starts a server of the test's own.
     *
     * @param configLines as in {@code redis.conf}, for example {@code maxmemory 3mb}
     */
    public static TestRedis start(String... configLines) {
        return start(false, configLines);
    }

    /**
     * Starts a Sentinel: the same program in its other mode.
     *
     * @param configLines as in {@code sentinel.conf}; one of them must be {@code sentinel monitor ...}
     */
    public static TestRedis startSentinel(String... configLines) {
        return start(true, configLines);
    }

    private static TestRedis start(boolean sentinel, String... configLines) {
        for (int i = 1; ; i++) {
            try {
                TestRedis server = new TestRedis(LOOPBACK, freePort(), sentinel, List.of(configLines));
                server.launch();
                return server;
            } catch (IOException e) {
                // Somebody else may have taken the port in between.
                if (i == TRIES_FOR_A_PORT) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /**
     * Starts a server at an address of its own, so that several can have the same port.
     *
     * @param address any of 127.0.0.0/8
     */
    public static TestRedis startAt(String address, int port, String... configLines) {
        try {
            TestRedis server = new TestRedis(address, port, false, List.of(configLines));
            server.launch();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A port of the loopback address on which nothing listens. */
    public static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A key that no other test uses. */
    public static String freshName(String stem) {
        return stem + "-" + ProcessHandle.current().pid() + "-" + NAMES.incrementAndGet();
    }

    public int port() {
        return port;
    }

    public String host() {
        return address;
    }

    /** Without a password, whatever the server asks for. */
    public String url() {
        return "redis://" + host() + ":" + port;
    }

    /** Version and memory allocator, on which its speed depends: {@code 7.0.15 with jemalloc-5.3.0}. */
    public static String version() {
        try {
            Process asked = new ProcessBuilder(executable().toString(), "--version").start();
            String answer = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return answer.replaceAll("(?s).* v=(\\S+) .* malloc=(\\S+) .*", "$1 with $2");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A new connection, not logged in; the caller closes it. */
    public RedisConnection connect() {
        return new RedisConnection(address, port);
    }

    /** Runs one command on a connection of its own, as an operator would. */
    public Object run(String... words) {
        try (RedisConnection connection = connect()) {
            return connection.command(words);
        }
    }

    /** Stops answering, connections stay open: what a hung host or a lost network looks like. Undone by {@link #resume}. */
    public void freeze() {
        signal("STOP");
    }

    public void resume() {
        signal("CONT");
    }

    /** Kills the server; connections break. Nothing that was not saved survives. */
    public void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(); // onExit can wait for ever for a process that is gone
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts it again after {@link #kill}, on the same port. */
    public void restart() {
        try {
            launch();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (process != null) {
            kill();
        }
        FileSystemUtils.deleteRecursively(folder.toFile());
    }

    private void launch() throws IOException {
        List<String> lines = new ArrayList<>(List.of("bind " + address, "port " + port, "dir " + folder));
        if (!sentinel) {
            lines.add("save \"\"");
        }
        lines.addAll(config);
        Path file = folder.resolve("redis.conf");
        if (!sentinel || !Files.exists(file)) { // a Sentinel writes what it has learnt into it
            Files.write(file, lines);
        }
        List<String> command = new ArrayList<>(List.of(executable().toString(), file.toString()));
        if (sentinel) {
            command.add("--sentinel");
        }
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        BufferedReader log = process.inputReader();
        StringBuilder soFar = new StringBuilder();
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            soFar.append(line).append('\n');
            if (line.contains(sentinel ? "+monitor master" : "Ready to accept connections")) {
                Thread drain = new Thread(() -> log.lines().forEach(ignored -> {}), "test-redis-log");
                drain.setDaemon(true);
                drain.start();
                return;
            }
        }
        throw new IOException("redis-server did not start:\n" + soFar);
    }

    private void signal(String name) {
        List<String> command = Arrays.asList("kill", "-" + name, Long.toString(process.pid()));
        try {
            if (new ProcessBuilder(command).start().waitFor() != 0) {
                throw new IllegalStateException(command + " failed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static synchronized Path executable() throws IOException {
        if (executable == null) {
            String named = System.getProperty("test.redis-server");
            executable =
                    named == null ? RedisExecProvider.defaultProvider().get().toPath() : Path.of(named);
        }
        return executable;
    }
}
