package ai.hokus.registry.registration;

import ai.hokus.registry.SettingRange;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the registrations.
 *
 * @param maxPayload the largest payload of an event, in UTF-8. The relay reads and appends batches of payloads: this is
 *     what bounds one of them
 * @param maxBody the largest request body that is read at all. JSON may spell a character in up to six bytes, and unknown
 *     fields are ignored: so it is four times the payload by default. 150 requests, each with such a body, hold 150 MB
 * @param maxConcurrentRequests how many requests of this module run at once; one more is answered 503 at once. Of the web
 *     server's 400 threads 200 at most wait for the auth service: 50 are left for health, whatever the database and that
 *     service are doing; 16 connections serve 150 requests well
 * @param groupCommitWriters transactions of registrations under way at once. Registrations that arrive meanwhile share the next
 *     one, so fewer writers make fewer and larger transactions; more of them help where the database is far away
 */
@ConfigurationProperties("registry.registration")
record RegistrationSettings(
        @DefaultValue("256KB") DataSize maxPayload,
        @DefaultValue("1MB") DataSize maxBody,
        @DefaultValue("150") int maxConcurrentRequests,
        @DefaultValue("1") int groupCommitWriters) {

    /** Four groups of 64 are more than {@code maxConcurrentRequests}, and four connections are a quarter of the pool's default. */
    private static final int MAX_WRITERS = 4;

    /** Far more than any event needs, and far below what a Redis element or a PostgreSQL text may hold. */
    private static final DataSize MAX_SIZE = DataSize.ofMegabytes(16);

    RegistrationSettings {
        SettingRange.between("registry.registration.max-payload", maxPayload, DataSize.ofBytes(1), MAX_SIZE, "256KB");
        SettingRange.between("registry.registration.max-body", maxBody, DataSize.ofBytes(1), MAX_SIZE, "1MB");
        SettingRange.atLeast("registry.registration.max-concurrent-requests", maxConcurrentRequests, 1, "150");
        SettingRange.between("registry.registration.group-commit-writers", groupCommitWriters, 1, MAX_WRITERS, "1");
        if (maxBody.compareTo(maxPayload) < 0) {
            throw new IllegalArgumentException("registry.registration.max-body is " + maxBody
                    + ", less than registry.registration.max-payload (" + maxPayload
                    + "): no registration could use what the latter allows");
        }
    }
}
