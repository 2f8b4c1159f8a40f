import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Shows the queue of the developers' run, for machines without redis-cli. One file, no dependencies:
 *
 * <pre>
 * java src/dev/Queue.java                 shows what is in the queue, the next to be consumed first
 * java src/dev/Queue.java take            takes one message as a consumer does, and removes it
 * java src/dev/Queue.java COMMAND ...     any Redis command, for example: java src/dev/Queue.java INFO memory
 * </pre>
 *
 * Speaks to 127.0.0.1:16379, or to the port in REDIS_PORT.
 */
public class Queue {

    private static final String QUEUE = "hokusai:model_ready_queue";

    private final OutputStream out;
    private final DataInputStream in;

    private Queue(Socket socket) throws IOException {
        out = socket.getOutputStream();
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    }

    public static void main(String[] args) throws IOException {
        int port = Integer.parseInt(System.getenv().getOrDefault("REDIS_PORT", "16379"));
        try (Socket socket = new Socket("127.0.0.1", port)) {
            Queue queue = new Queue(socket);
            if (args.length == 0) {
                queue.show();
            } else if (args.length == 1 && args[0].equals("take")) {
                queue.take();
            } else {
                print(queue.call(args), "");
            }
        } catch (ConnectException e) {
            System.err.println("No Redis answers at 127.0.0.1:" + port + ". Is `mvn spring-boot:test-run` running?");
            System.exit(1);
        }
    }

    private void show() throws IOException {
        List<?> elements = (List<?>) call("LRANGE", QUEUE, "0", "-1");
        System.out.println(elements.size() + " in " + QUEUE);
        for (int i = elements.size() - 1; i >= 0; i--) {
            System.out.println(elements.get(i));
        }
    }

    private void take() throws IOException {
        Object element = call("RPOPLPUSH", QUEUE, QUEUE + ":processing");
        if (element == null) {
            System.out.println("0 in " + QUEUE);
            return;
        }
        System.out.println(element);
        call("LREM", QUEUE + ":processing", "1", (String) element);
    }

    private static void print(Object reply, String indent) {
        if (reply instanceof List<?> list) {
            list.forEach(item -> print(item, indent + "  "));
        } else {
            System.out.println(indent + reply);
        }
    }

    private Object call(String... words) throws IOException {
        StringBuilder request = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            request.append('$').append(word.getBytes(StandardCharsets.UTF_8).length).append("\r\n");
            request.append(word).append("\r\n");
        }
        out.write(request.toString().getBytes(StandardCharsets.UTF_8));
        out.flush();
        return reply();
    }

    private Object reply() throws IOException {
        char type = (char) in.readByte();
        String line = line();
        switch (type) {
            case '+':
                return line;
            case ':':
                return Long.valueOf(line);
            case '-':
                throw new IOException(line);
            case '$':
                int length = Integer.parseInt(line);
                if (length < 0) {
                    return null;
                }
                byte[] bytes = in.readNBytes(length);
                line();
                return new String(bytes, StandardCharsets.UTF_8);
            case '*':
                List<Object> items = new ArrayList<>();
                for (int n = Integer.parseInt(line); n > 0; n--) {
                    items.add(reply());
                }
                return items;
            default:
                throw new IOException("not a Redis reply: " + type + line);
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\r'; c = in.read()) {
            line.append((char) c);
        }
        in.read();
        return line.toString();
    }
}
