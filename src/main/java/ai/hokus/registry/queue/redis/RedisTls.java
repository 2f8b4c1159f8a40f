package ai.hokus.registry.queue.redis;

import ai.hokus.registry.StartupRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

/**
 * The authorities that a TLS connection to Redis trusts (without a file: the JVM's), and the certificate that the client
 * presents (without files: none). The server's certificate must always carry the name that we connect to.
 *
 * @param files names by variable
 * @param contents in PEM, by variable
 */
record RedisTls(Map<String, String> files, Map<String, String> contents) {

    static final String AUTHORITIES = "REDIS_TLS_CA_FILE";
    static final String CERTIFICATE = "REDIS_TLS_CERTIFICATE_FILE";
    static final String KEY = "REDIS_TLS_KEY_FILE";

    RedisTls {
        files = Map.copyOf(files);
        contents = Map.copyOf(contents);
    }

    /** @throws StartupRefusedException when one is missing, or is not PEM */
    static RedisTls of(Map<String, String> files) {
        if (files.containsKey(CERTIFICATE) != files.containsKey(KEY)) {
            String set = files.containsKey(KEY) ? KEY : CERTIFICATE;
            String missing = files.containsKey(KEY) ? CERTIFICATE : KEY;
            throw RedisEnvironment.unusable(missing, "must be set when " + set + " is", "/etc/registry/redis.pem");
        }
        Map<String, String> contents = new HashMap<>();
        files.forEach((variable, name) -> contents.put(variable, read(variable, name)));
        return new RedisTls(files, contents);
    }

    private static String read(String variable, String name) {
        try {
            String content = Files.readString(Path.of(name));
            if (content.contains("-----BEGIN ")) {
                return content;
            }
        } catch (IOException | InvalidPathException e) {
            // Refused below, without the cause: it may quote the path, where somebody may have put a secret itself.
        }
        throw RedisEnvironment.unusable(variable, "must name a readable file in PEM", "/etc/registry/redis-ca.pem");
    }

    /** The same with what the files hold now; unchanged while one of them cannot be read. */
    RedisTls current() {
        try {
            return of(files);
        } catch (StartupRefusedException beingReplaced) {
            return this;
        }
    }

    /**
     * @throws IllegalStateException when a file holds no certificate, the key is not the certificate's, or the JVM's trust store
     *     cannot be read
     */
    SslManagerBundle managers() {
        PemSslStoreDetails ours =
                PemSslStoreDetails.forCertificate(contents.get(CERTIFICATE)).withPrivateKey(contents.get(KEY));
        PemSslStoreDetails trusted = PemSslStoreDetails.forCertificate(contents.get(AUTHORITIES));
        return SslBundle.of(new PemSslStoreBundle(ours, trusted)).getManagers();
    }

    /** Without what the files hold, which may be a private key. */
    @Override
    public String toString() {
        return "files in PEM";
    }
}
