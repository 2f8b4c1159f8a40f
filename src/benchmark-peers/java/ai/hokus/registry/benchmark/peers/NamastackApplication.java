package ai.hokus.registry.benchmark.peers;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;

/** Only what the library needs of Spring Boot, and nothing of the service: the list is the resource of this name. */
@SpringBootConfiguration(proxyBeanMethods = false)
@ImportAutoConfiguration
class NamastackApplication {}
