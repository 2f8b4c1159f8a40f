# syntax=docker/dockerfile:1.9
#
# Four stages: the jar; its layers; a start that leaves a class archive behind; the image. The last one is a JRE, the layers from
# the one that changes least to the one that changes most, and nothing to build or download with.
#
# Ubuntu's base and not Alpine's: Temurin 17 has no Alpine image for ARM.

# ------------------------------------------------------------------------------------------------------------------- the jar
FROM maven:3.9.16-eclipse-temurin-17 AS build
WORKDIR /build
COPY pom.xml .
COPY .mvn .mvn
COPY db db
COPY src/main src/main
# Tests have run before an image is made (see the README): they need what a build stage does not have. The cache keeps what Maven
# downloads from one build to the next.
RUN --mount=type=cache,target=/root/.m2 \
    mvn --batch-mode --no-transfer-progress -Dmaven.test.skip=true -Dspotless.check.skip=true -Dcyclonedx.skip=true package \
    && cp target/registration-outbox-*.jar /build/app.jar
COPY docker/HealthProbe.java .
RUN javac --release 17 -d /build/probe HealthProbe.java

# ---------------------------------------------------------------------------------------------------------------- its layers
FROM eclipse-temurin:17.0.20_8-jre-noble AS layers
WORKDIR /layers
COPY --from=build /build/app.jar .
RUN java -Djarmode=tools -jar app.jar extract --layers --destination extracted

# --------------------------------------------------------------------------------------------------------- what both run from
FROM eclipse-temurin:17.0.20_8-jre-noble AS runtime
RUN groupadd --gid 10001 app \
    && useradd --uid 10001 --gid app --home-dir /app --no-create-home --shell /usr/sbin/nologin app \
    && install --directory --owner=app --group=app --mode=0750 /app/data
WORKDIR /app
# RDS' certificate authorities: no public trust store has them, and sslmode=verify-full needs them. AWS replaces the file when it
# adds a region or an authority; the build then stops here, and docs/deployment.md says how the checksum is updated.
ARG RDS_CERTIFICATES=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
ARG RDS_CERTIFICATES_SHA256=e5bb2084ccf45087bda1c9bffdea0eb15ee67f0b91646106e466714f9de3c7e3
ADD --chmod=0444 ${RDS_CERTIFICATES} certificates/rds.pem
RUN echo "${RDS_CERTIFICATES_SHA256}  certificates/rds.pem" | sha256sum --check --strict
COPY --from=layers /layers/extracted/dependencies/ ./
COPY --from=layers /layers/extracted/spring-boot-loader/ ./
COPY --from=layers /layers/extracted/snapshot-dependencies/ ./
COPY --from=layers /layers/extracted/application/ ./
COPY --from=build /build/probe probe

# ------------------------------------------------------------------------------------------------------------ the class archive
# The application starts once, with an empty embedded database, and stops when it is ready to serve; the classes that it has
# loaded are kept in parsed form. In the same image and at the same paths as later: an archive fits no other JVM and no other jar.
FROM runtime AS archive
RUN java -XX:ArchiveClassesAtExit=/tmp/app.jsa -Dspring.context.exit=onRefresh \
    -Dspring.datasource.url="jdbc:h2:file:/tmp/training;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH;WRITE_DELAY=0" \
    -jar /app/app.jar \
    && test -s /tmp/app.jsa

# -------------------------------------------------------------------------------------------------------------------- the image
FROM runtime
COPY --from=archive /tmp/app.jsa app.jsa
USER 10001:10001
# All that is written: Tomcat's work directory, and the embedded database where there is no other. Said as volumes, so that
# they are writable, and the user's, on a read-only root file system.
VOLUME ["/tmp", "/app/data"]
EXPOSE 8001
# /live depends on neither Redis nor the database. The flags make the probe's own start cheap (0.1 s to 0.2 s). It is ours and not
# curl, which Temurin's images for Java 17 have, but only "for historical reasons": those for Java 25 and on Alpine have none.
# Without the service's JVM options: its heap, its collector or its debugger's port would stop the probe.
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=30s \
    CMD ["env", "-u", "JDK_JAVA_OPTIONS", "-u", "JAVA_TOOL_OPTIONS", "-u", "_JAVA_OPTIONS", "java", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx16m", "-cp", "/app/probe", "HealthProbe", "/live"]
# Without a shell: Java is process 1 and gets the SIGTERM itself.
# MaxRAMPercentage=60: of the container's limit. What is not heap (threads, classes, code, Redisson's buffers) was seen to take 380 MB
# at the peak of a drain under load: 40 percent of 2 GiB, the limit of ECS and docker-compose.yml, are 819 MB.
# ExitOnOutOfMemoryError: a process without memory is replaced, not nursed; what it had accepted is in the database.
# sun.net.inetaddr.ttl=5: RDS and ElastiCache fail over by DNS; Java would believe the old address for 30 s.
# Xshare:auto: an archive that does not fit costs a slower start, not the start.
ENTRYPOINT ["java", "-XX:SharedArchiveFile=/app/app.jsa", "-Xshare:auto", "-XX:MaxRAMPercentage=60", "-XX:+ExitOnOutOfMemoryError", "-Dsun.net.inetaddr.ttl=5", "-Djava.io.tmpdir=/tmp", "-jar", "/app/app.jar"]
