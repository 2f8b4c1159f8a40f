package ai.hokus.registry.registration;

import ai.hokus.registry.SettingRange;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the registrations.
 *
 * @param maxPayload Maximum payload of an event, in bytes of UTF-8. The relay reads and appends batches of payloads, and this
 *     limits the memory for one payload. Must be less than {@code registry.queue.max-element-size} by at least 1 KB.
 * @param maxBody Maximum size of a request body. JSON may spell a character in up to six bytes, and unknown fields are ignored,
 *     so the default is four times the payload. A request with a body of 1 MB takes 7 MB of memory at most while it is read,
 *     because its JSON may have 50,000 values, names and brackets. 150 of them take 1 GB, and the heap of a task with 2 GiB has
 *     1.2 GB. Each further MB takes up to 3 MB, so 150 requests need 450 MB more for it.
 * @param maxConcurrentRequests Maximum number of registration requests at the same time; any further request is answered 503 at
 *     once. At most 200 of the web server's 400 threads wait for the auth service, and 8 read registrations, so 42 are left for
 *     health, whatever the database and the auth service are doing. Where fewer than 10 would be left, the service does not
 *     start. 16 connections serve 150 requests well.
 * @param groupCommitWriters Number of transactions of registrations at the same time. Registrations that arrive meanwhile share
 *     the next one, so fewer writers make fewer and larger transactions. More writers help if the database is far away.
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
        // Otherwise no registration could use what max-payload allows.
        SettingRange.atLeast(
                "registry.registration.max-body", maxBody, "registry.registration.max-payload", maxPayload);
    }
}
