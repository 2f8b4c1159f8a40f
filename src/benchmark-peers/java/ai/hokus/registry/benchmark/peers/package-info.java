/**
 * Other outbox libraries between PostgreSQL and a Redis list. Each is one class with its tuning at the top, beside the name
 * of the page of its documentation that recommends it. Nothing here is part of the service.
 */
package ai.hokus.registry.benchmark.peers;
