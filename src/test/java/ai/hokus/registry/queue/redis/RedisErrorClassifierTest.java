package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.queue.redis.RedisSettings.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.redisson.client.RedisConnectionException;
import org.redisson.client.RedisException;
import org.redisson.client.RedisOutOfMemoryException;
import org.redisson.client.RedisResponseTimeoutException;
import org.redisson.client.RedisTimeoutException;
import org.redisson.client.RedisWrongPasswordException;

/** The table of failures: whole chains of causes, by type and by how Redis' sentence begins. */
class RedisErrorClassifierTest {

    private static final String WHERE = "redis://cache.internal:6379";
    private static final RedisErrorClassifier CLASSIFIER = new RedisErrorClassifier(WHERE, Kind.SINGLE);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "NOAUTH Authentication required. | AUTHENTICATION",
                "WRONGPASS invalid username-password pair or user is disabled. | AUTHENTICATION",
                "ERR invalid password | AUTHENTICATION",
                "ERR Client sent AUTH, but no password is set | AUTHENTICATION",
                "ERR AUTH <password> called without any password configured | AUTHENTICATION",
                "NOPERM this user has no permissions to access one of the keys used as arguments | PERMISSION",
                "ERR The user executing the script can't run this command or subcommand | PERMISSION",
                "ERR The user executing the script can't publish to the channel mentioned in the command | PERMISSION",
                "@user_script: 4: The user executing the script can't run this command or subcommand | PERMISSION",
                "OOM command not allowed when used memory > 'maxmemory'. | OUT_OF_MEMORY",
                "@user_script: 12: -OOM command not allowed when used memory > 'maxmemory'. | OUT_OF_MEMORY",
                "ERR Error running script (call to f_0a1b): @user_script:1: -OOM command not allowed | OUT_OF_MEMORY",
                "READONLY You can't write against a read only replica. | READ_ONLY",
                "WRONGTYPE Operation against a key holding the wrong kind of value | WRONG_TYPE",
                "LOADING Redis is loading the dataset in memory | NOT_READY",
                "BUSY Redis is busy running a script. | NOT_READY",
                "MASTERDOWN Link with MASTER is down | NOT_READY",
                "CLUSTERDOWN Hash slot not served | NOT_READY",
                "TRYAGAIN Multiple keys request during rehashing of slot | NOT_READY",
                "MISCONF Redis is configured to save RDB snapshots | NOT_READY",
                "NOREPLICAS Not enough good replicas to write. | NOT_READY",
                "ERR max number of clients reached | UNREACHABLE",
                "ERR user_script:1: too many results to unpack | OTHER",
                "ERR something new | OTHER",
                "BUSYKEY Target key name already exists. | OTHER"
            })
    void redis_own_words_decide(String error, Cause expected) {
        assertThat(CLASSIFIER.unavailable(error).kind()).isEqualTo(expected);
        assertThat(kindOf(new RedisException(error + ". channel: [id: 0x1] command: (EVAL), params: [OOM x]")))
                .isEqualTo(expected);
        assertThat(RedisErrorClassifier.isAboutAnElement(error)).isFalse();
    }

    @Test
    void the_type_decides_where_there_are_no_words() {
        assertThat(kindOf(new RedisOutOfMemoryException("any"))).isEqualTo(Cause.OUT_OF_MEMORY);
        assertThat(kindOf(new RedisResponseTimeoutException("any"))).isEqualTo(Cause.TIMEOUT);
        assertThat(kindOf(new RedisTimeoutException("any"))).isEqualTo(Cause.TIMEOUT);
        assertThat(kindOf(new RedisConnectionException("any"))).isEqualTo(Cause.UNREACHABLE);
        assertThat(kindOf(new IOException("Connection reset by peer"))).isEqualTo(Cause.UNREACHABLE);
        assertThat(kindOf(new UnknownHostException())).isEqualTo(Cause.UNREACHABLE);
        assertThat(kindOf(new IllegalStateException("what?"))).isEqualTo(Cause.OTHER);
    }

    @Test
    void the_innermost_reason_wins_over_its_wrappings() {
        assertThat(kindOf(new CompletionException(new RedisConnectionException(
                        "Unable to connect", new ExecutionException(new RedisWrongPasswordException("WRONGPASS"))))))
                .isEqualTo(Cause.AUTHENTICATION);
        assertThat(kindOf(new RedisConnectionException("Unable to connect", new SSLHandshakeException("PKIX"))))
                .isEqualTo(Cause.TLS);
        assertThat(kindOf(new RedisException("no connection", new ConnectException("refused"))))
                .isEqualTo(Cause.UNREACHABLE);
    }

    @Test
    void an_element_that_looks_like_an_error_is_none() {
        RedisException failure = new RedisException(
                "ERR something new. channel: [id: 0x1] command: (EVAL), params: [script, READONLY WRONGPASS]");

        assertThat(kindOf(failure)).isEqualTo(Cause.OTHER);
    }

    @Test
    void neither_elements_nor_passwords_are_quoted() {
        RedisException failure = new RedisException("WRONGPASS invalid username-password pair. channel: [id: 0x1]"
                + " command: (AUTH), promise: x, params: [user, secret]");
        RedisException timeout = new RedisResponseTimeoutException(
                "Redis server response timeout (500 ms) occured. Command: (EVAL), params: [secret], channel: x");
        RedisException broken = new RedisException("Unable to write command into connection! Node source: NodeSource"
                + " [slot=0], connection: RedisConnection [currentCommand=CommandData [params=[secret]]]");

        for (RedisException each : new RedisException[] {failure, timeout, broken}) {
            QueueUnavailableException unavailable = CLASSIFIER.unavailable(new ExecutionException(each));
            assertThat(unavailable)
                    .hasMessageNotContaining("secret")
                    .hasMessageContaining(WHERE)
                    .hasNoCause();
        }
        assertThat(CLASSIFIER.unavailable(failure)).hasMessageContaining("WRONGPASS invalid username");
    }

    @Test
    void a_chain_that_never_ends_is_cut() {
        RuntimeException outer = new RuntimeException("outer");
        outer.initCause(new RuntimeException("inner", outer));

        assertThat(kindOf(outer)).isEqualTo(Cause.OTHER);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
                "ERR value is too large",
                "element is too big"
            })
    void only_what_speaks_of_the_element_counts_against_it(String error) {
        assertThat(RedisErrorClassifier.isAboutAnElement(error)).isTrue();
    }

    private static Cause kindOf(Throwable failure) {
        return CLASSIFIER.unavailable(failure).kind();
    }
}
