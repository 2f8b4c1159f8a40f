package ai.hokus.registry.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** A certificate authority for tests, made with the JDK's keytool when first used. Everything is PEM. Thread-safe. */
public final class TestCertificates {

    private static final String PASSWORD = "changeit";
    private static final TestCertificates TRUSTED = new TestCertificates();
    private static final TestCertificates OTHER = new TestCertificates();

    private final Path folder;

    private TestCertificates() {
        try {
            folder = Files.createTempDirectory("test-ca");
            folder.toFile().deleteOnExit();
            keytool("ca", "-genkeypair", "-keyalg", "EC", "-dname", "CN=Test CA", "-ext", "bc:c", "-alias", "ca");
            Files.write(file("ca.pem"), keytool("ca", "-exportcert", "-rfc", "-alias", "ca"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static TestCertificates trusted() {
        return TRUSTED;
    }

    /** An authority that nobody trusts. */
    public static TestCertificates other() {
        return OTHER;
    }

    public Path authority() {
        return file("ca.pem");
    }

    /** A certificate for these names, like {@code dns:localhost} or {@code ip:127.0.0.1}; its key is in {@link #key}. */
    public synchronized Path certificate(String name, String alternativeNames) {
        Path certificate = file(name + ".pem");
        if (!Files.exists(certificate)) {
            try {
                keytool(name, "-genkeypair", "-keyalg", "EC", "-dname", "CN=" + name, "-alias", name);
                Path request = Files.write(file(name + ".csr"), keytool(name, "-certreq", "-alias", name));
                byte[] signed = keytool(
                        "ca",
                        "-gencert",
                        "-rfc",
                        "-alias",
                        "ca",
                        "-infile",
                        request.toString(),
                        "-ext",
                        "san=" + alternativeNames);
                Files.write(key(name), privateKey(name).getBytes(StandardCharsets.US_ASCII));
                Files.setPosixFilePermissions(key(name), PosixFilePermissions.fromString("rw-------"));
                Files.write(certificate, signed);
            } catch (IOException | GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }
        return certificate;
    }

    public Path key(String name) {
        return file(name + ".key");
    }

    private String privateKey(String name) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file(name + ".p12"))) {
            store.load(in, PASSWORD.toCharArray());
        }
        return "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'})
                        .encodeToString(
                                store.getKey(name, PASSWORD.toCharArray()).getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
    }

    private Path file(String name) {
        return folder.resolve(name);
    }

    private byte[] keytool(String store, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storepass", PASSWORD, "-storetype", "PKCS12", "-validity", "10"));
        command.addAll(List.of("-keystore", file(store + ".p12").toString()));
        Path errors = file("keytool.log");
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        byte[] output = process.getInputStream().readAllBytes();
        try {
            if (process.waitFor() != 0) {
                throw new IOException(
                        command + " failed: " + new String(output, StandardCharsets.UTF_8) + Files.readString(errors));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        return output;
    }
}
