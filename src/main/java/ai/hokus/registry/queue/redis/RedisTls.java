package ai.hokus.registry.queue.redis;

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
 * Whom a TLS connection to Redis trusts, and who it says we are: {@code REDIS_TLS_CA_FILE}, {@code
 * REDIS_TLS_CERTIFICATE_FILE} and {@code REDIS_TLS_KEY_FILE}, in PEM. The server's certificate must always carry the name
 * that we connect to.
 *
 * @param caFile the authorities that are trusted; null: the JVM's own
 * @param certificateFile our certificate, with its chain; null: none is shown
 * @param keyFile its private key
 */
record RedisTls(
        @Nullable String caFile,
        @Nullable String certificateFile,
        @Nullable String keyFile) {

    static final RedisTls NONE = new RedisTls(null, null, null);

    /**
     * @throws InvalidRedisSettingsException when a file is missing, or holds what is no PEM
     */
    RedisTls {
        if ((certificateFile == null) != (keyFile == null)) {
            throw new InvalidRedisSettingsException(
                    certificateFile == null ? "REDIS_TLS_CERTIFICATE_FILE" : "REDIS_TLS_KEY_FILE",
                    "must be set when "
                            + (certificateFile == null ? "REDIS_TLS_KEY_FILE" : "REDIS_TLS_CERTIFICATE_FILE") + " is",
                    "/etc/registry/redis.pem");
        }
        content("REDIS_TLS_CA_FILE", caFile);
        content("REDIS_TLS_CERTIFICATE_FILE", certificateFile);
        content("REDIS_TLS_KEY_FILE", keyFile);
    }

    /** Reads the files: a certificate that was renewed is used by the next client. */
    SslManagerBundle managers() {
        PemSslStoreDetails trusted = PemSslStoreDetails.forCertificates(content("REDIS_TLS_CA_FILE", caFile));
        PemSslStoreDetails ours = PemSslStoreDetails.forCertificate(
                        content("REDIS_TLS_CERTIFICATE_FILE", certificateFile))
                .withPrivateKey(content("REDIS_TLS_KEY_FILE", keyFile));
        return SslBundle.of(
                        new PemSslStoreBundle(certificateFile == null ? null : ours, caFile == null ? null : trusted))
                .getManagers();
    }

    private static @Nullable String content(String variable, @Nullable String file) {
        if (file == null) {
            return null;
        }
        try {
            String content = Files.readString(Path.of(file));
            if (content.contains("-----BEGIN ")) {
                return content;
            }
        } catch (IOException | InvalidPathException e) {
            // Said below. Not as a cause: decoding a file quotes nothing, but a path may be a secret's value.
        }
        throw new InvalidRedisSettingsException(
                variable, "must name a readable file in PEM", "/etc/registry/redis-ca.pem");
    }
}
