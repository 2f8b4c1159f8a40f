package ai.hokus.registry.support;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/**
 * A self-signed certificate of 127.0.0.1.
 *
 * @param certificate PEM
 * @param key PEM
 */
public record TestCertificate(Path certificate, Path key) {

    private static final String PASSWORD = "changeit";

    public static TestCertificate selfSigned(Path directory) throws IOException, GeneralSecurityException {
        Path store = directory.resolve("test.p12");
        makeKeyPair(store);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        byte[] certificate = keys.getCertificate("test").getEncoded();
        byte[] key = keys.getKey("test", PASSWORD.toCharArray()).getEncoded();
        return new TestCertificate(
                Files.writeString(directory.resolve("test.crt"), pem("CERTIFICATE", certificate)),
                Files.writeString(directory.resolve("test.key"), pem("PRIVATE KEY", key)));
    }

    /** With the JDK's own tool: its API makes none. */
    private static void makeKeyPair(Path store) throws IOException {
        Process keytool = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "test",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=127.0.0.1",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        PASSWORD))
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!Files.exists(store)) {
            throw new IOException("keytool made no key: " + said);
        }
    }

    private static String pem(String what, byte[] content) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        return "-----BEGIN " + what + "-----\n" + base64 + "\n-----END " + what + "-----\n";
    }
}
