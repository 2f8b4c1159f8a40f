package ai.hokus.registry.chaos;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A network between two processes that can be cut, turned elsewhere, and watched. Thread-safe. */
final class TcpProxy implements AutoCloseable {

    private final String name;
    private final ServerSocket server;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private volatile int target;
    private volatile boolean down;
    private volatile Trap trap;

    TcpProxy(String name, int target) {
        this.name = name;
        this.target = target;
        try {
            server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon("accept", this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    /** New connections go there; those that are open are cut. */
    void turnTo(int port) {
        target = port;
        cut();
    }

    /** Nothing gets through until {@link #up}. */
    void down() {
        down = true;
        cut();
    }

    void up() {
        down = false;
    }

    /** Breaks all open connections. */
    void cut() {
        links.forEach(Link::close);
    }

    /** @param trap null: none */
    void lay(Trap trap) {
        this.trap = trap;
    }

    @Override
    public void close() {
        down = true;
        closeQuietly(server);
        cut();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                if (down) {
                    closeQuietly(client);
                } else {
                    open(client);
                }
            } catch (IOException closed) {
                // Either the server socket, and the loop ends, or one client that has gone again.
            }
        }
    }

    private void open(Socket client) {
        Socket there = new Socket();
        try {
            there.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 2_000);
            client.setTcpNoDelay(true);
            there.setTcpNoDelay(true);
            Link link = new Link(client, there);
            links.add(link);
            if (down) {
                link.close();
            }
            daemon("to", () -> link.pump(client, there, Trap.Side.REQUEST));
            daemon("from", () -> link.pump(there, client, Trap.Side.ANSWER));
        } catch (IOException refused) {
            closeQuietly(client);
            closeQuietly(there);
        }
    }

    private void daemon(String what, Runnable work) {
        Thread thread = new Thread(work, "proxy-" + name + "-" + what);
        thread.setDaemon(true);
        thread.start();
    }

    private static void closeQuietly(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException gone) {
            // It is as closed as it can be.
        }
    }

    private final class Link {

        private final Socket client;
        private final Socket there;
        private final Trap.Progress progress = new Trap.Progress();

        Link(Socket client, Socket there) {
            this.client = client;
            this.there = there;
        }

        private void pump(Socket from, Socket to, Trap.Side direction) {
            byte[] buffer = new byte[128 * 1024];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    if (verdict(direction, buffer, n) == Trap.Verdict.CUT) {
                        break;
                    }
                    out.write(buffer, 0, n);
                }
            } catch (IOException broken) {
                // One side went away: so does the other.
            } finally {
                close();
            }
        }

        private Trap.Verdict verdict(Trap.Side direction, byte[] buffer, int length) {
            Trap laid = trap;
            return laid == null
                    ? Trap.Verdict.PASS
                    : laid.see(progress, name, direction, new String(buffer, 0, length, StandardCharsets.ISO_8859_1));
        }

        void close() {
            links.remove(this);
            closeQuietly(client);
            closeQuietly(there);
        }
    }
}
