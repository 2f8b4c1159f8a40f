package ai.hokus.registry;

/**
 * This process's name, unique among all that ever ran: who holds a lock, whose relay moved a partition. With a name that
 * two processes share, an expired holder's unlock would free the new holder's lock.
 */
public record InstanceName(String value) {}
