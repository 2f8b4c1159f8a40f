package ai.hokus.registry.security;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** An auth service that answers what a test says, over HTTP on a free port. */
final class AuthServiceStub implements AutoCloseable {

    /** What it was asked. */
    record Question(String method, String path, String authorization, String contentType, String body) {

        boolean isAbout(String key) {
            return authorization.equals("Bearer " + key);
        }
    }

    /** Headers: name, value, name, value. */
    record Answer(int status, String body, String... headers) {}

    private final List<Question> questions = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    private volatile Function<Question, Answer> answers;
    private volatile CountDownLatch hung = new CountDownLatch(0);

    AuthServiceStub(Answer answer) {
        this.answers = question -> answer;
        try {
            this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    void answers(int status, String body, String... headers) {
        Answer answer = new Answer(status, body, headers);
        answers = question -> answer;
    }

    void answers(Function<Question, Answer> answersTo) {
        answers = answersTo;
    }

    /** Takes questions and answers none of them until {@link #goOn}. */
    void hang() {
        hung = new CountDownLatch(1);
    }

    void goOn() {
        hung.countDown();
    }

    List<Question> questions() {
        return questions;
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @Override
    public void close() {
        goOn();
        server.stop(0);
        threads.shutdownNow();
    }

    private void handle(HttpExchange exchange) throws IOException {
        Question question = new Question(
                exchange.getRequestMethod(),
                exchange.getRequestURI().toString(),
                exchange.getRequestHeaders().getFirst("Authorization"),
                exchange.getRequestHeaders().getFirst("Content-Type"),
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        questions.add(question);
        try {
            hung.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Answer answer = answers.apply(question);
        for (int i = 0; i < answer.headers().length; i += 2) {
            exchange.getResponseHeaders().set(answer.headers()[i], answer.headers()[i + 1]);
        }
        byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
        try (OutputStream body = exchange.getResponseBody()) {
            body.write(bytes);
        }
        exchange.close();
    }
}
