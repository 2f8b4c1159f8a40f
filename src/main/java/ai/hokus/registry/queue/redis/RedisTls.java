package ai.hokus.registry.queue.redis;

import ai.hokus.registry.StartupRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

/**
 * Whom a TLS connection to Redis trusts, and who it says we are: what the files of {@code REDIS_TLS_CA_FILE}, {@code
 * REDIS_TLS_CERTIFICATE_FILE} and {@code REDIS_TLS_KEY_FILE} hold, in PEM. The server's certificate must always carry the name
 * that we connect to.
 *
 * @param authorities that are trusted; null: the JVM's own
 * @param certificate ours, with its chain; null: none is shown
 * @param key its private key
 */
record RedisTls(
        @Nullable PemFile authorities,
        @Nullable PemFile certificate,
        @Nullable PemFile key) {

    private static final String AUTHORITIES = "REDIS_TLS_CA_FILE";
    private static final String CERTIFICATE = "REDIS_TLS_CERTIFICATE_FILE";
    private static final String KEY = "REDIS_TLS_KEY_FILE";

    static final RedisTls NONE = new RedisTls(null, null, null);

    /**
     * Reads the files that are named; null: not named.
     *
     * @throws StartupRefusedException when one is missing, or holds what is no PEM
     */
    static RedisTls of(@Nullable String caFile, @Nullable String certificateFile, @Nullable String keyFile) {
        if ((certificateFile == null) != (keyFile == null)) {
            throw RedisEnvironment.unusable(
                    certificateFile == null ? CERTIFICATE : KEY,
                    "must be set when " + (certificateFile == null ? KEY : CERTIFICATE) + " is",
                    "/etc/registry/redis.pem");
        }
        return new RedisTls(
                PemFile.read(AUTHORITIES, caFile),
                PemFile.read(CERTIFICATE, certificateFile),
                PemFile.read(KEY, keyFile));
    }

    /** With what the files hold now; itself while one of them cannot be read. */
    RedisTls current() {
        try {
            return new RedisTls(PemFile.again(authorities), PemFile.again(certificate), PemFile.again(key));
        } catch (StartupRefusedException beingReplaced) {
            return this;
        }
    }

    /** @throws IllegalStateException when a file holds no certificate, or the key is not the certificate's */
    SslManagerBundle managers() {
        PemSslStoreDetails trusted = PemSslStoreDetails.forCertificates(content(authorities));
        PemSslStoreDetails ours =
                PemSslStoreDetails.forCertificate(content(certificate)).withPrivateKey(content(key));
        return SslBundle.of(
                        new PemSslStoreBundle(certificate == null ? null : ours, authorities == null ? null : trusted))
                .getManagers();
    }

    private static @Nullable String content(@Nullable PemFile file) {
        return file == null ? null : file.content();
    }

    /** What a variable's file held when it was read. */
    record PemFile(String variable, String name, String content) {

        private static @Nullable PemFile read(String variable, @Nullable String name) {
            if (name == null) {
                return null;
            }
            try {
                String content = Files.readString(Path.of(name));
                if (content.contains("-----BEGIN ")) {
                    return new PemFile(variable, name, content);
                }
            } catch (IOException | InvalidPathException e) {
                // Said below. Not as a cause: decoding a file quotes nothing, but a path may be a secret's value.
            }
            throw RedisEnvironment.unusable(
                    variable, "must name a readable file in PEM", "/etc/registry/redis-ca.pem");
        }

        private static @Nullable PemFile again(@Nullable PemFile file) {
            return file == null ? null : read(file.variable, file.name);
        }

        /** Without its content, which may be a private key. */
        @Override
        public String toString() {
            return variable;
        }
    }
}
