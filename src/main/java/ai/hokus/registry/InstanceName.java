package ai.hokus.registry;

/**
 * This process's name, unique among all processes that ever ran. It tells who holds a lock, and whose relay claimed a batch or
 * saw its delivery. If two processes shared a name, an expired holder's unlock would free the new holder's lock.
 */
public record InstanceName(String value) {}
