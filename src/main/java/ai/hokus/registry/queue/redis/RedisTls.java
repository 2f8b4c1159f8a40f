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
 * @param authoritiesFile name of the file with the authorities; null: none is configured
 * @param certificateFile name of the file with our certificate; null: none is configured
 * @param keyFile name of the file with its private key; null: none is configured
 * @param authorities that are trusted; null: the JVM's own
 * @param certificate ours, with its chain; null: none is shown
 * @param key its private key
 */
record RedisTls(
        @Nullable String authoritiesFile,
        @Nullable String certificateFile,
        @Nullable String keyFile,
        @Nullable String authorities,
        @Nullable String certificate,
        @Nullable String key) {

    static final String AUTHORITIES = "REDIS_TLS_CA_FILE";
    static final String CERTIFICATE = "REDIS_TLS_CERTIFICATE_FILE";
    static final String KEY = "REDIS_TLS_KEY_FILE";

    static final RedisTls NONE = RedisTls.of(null, null, null);

    /**
     * Reads the files that are named.
     *
     * @throws StartupRefusedException when one is missing, or holds what is no PEM
     */
    static RedisTls of(@Nullable String authoritiesFile, @Nullable String certificateFile, @Nullable String keyFile) {
        if ((certificateFile == null) != (keyFile == null)) {
            throw RedisEnvironment.unusable(
                    certificateFile == null ? CERTIFICATE : KEY,
                    "must be set when " + (certificateFile == null ? KEY : CERTIFICATE) + " is",
                    "/etc/registry/redis.pem");
        }
        return new RedisTls(
                authoritiesFile,
                certificateFile,
                keyFile,
                read(AUTHORITIES, authoritiesFile),
                read(CERTIFICATE, certificateFile),
                read(KEY, keyFile));
    }

    private static @Nullable String read(String variable, @Nullable String name) {
        if (name == null) {
            return null;
        }
        try {
            String content = Files.readString(Path.of(name));
            if (content.contains("-----BEGIN ")) {
                return content;
            }
        } catch (IOException | InvalidPathException e) {
            // Said below. Not as a cause: decoding a file quotes nothing, but a path may be a secret's value.
        }
        throw RedisEnvironment.unusable(variable, "must name a readable file in PEM", "/etc/registry/redis-ca.pem");
    }

    /** With what the files hold now; itself while one of them cannot be read. */
    RedisTls current() {
        try {
            return of(authoritiesFile, certificateFile, keyFile);
        } catch (StartupRefusedException beingReplaced) {
            return this;
        }
    }

    /** @throws IllegalStateException when a file holds no certificate, or the key is not the certificate's */
    SslManagerBundle managers() {
        PemSslStoreDetails ours = PemSslStoreDetails.forCertificate(certificate).withPrivateKey(key);
        PemSslStoreDetails trusted = PemSslStoreDetails.forCertificates(authorities);
        return SslBundle.of(
                        new PemSslStoreBundle(certificate == null ? null : ours, authorities == null ? null : trusted))
                .getManagers();
    }

    /** Without what the files hold, which may be a private key. */
    @Override
    public String toString() {
        return "files in PEM";
    }
}
