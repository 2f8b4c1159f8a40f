package ai.hokus.registry.operations;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the status board.
 *
 * @param interval pause between two samples; becomes ten times as long as a sample takes where that is more, so that
 *     counting a huge backlog costs no more than a tenth of one connection
 * @param staleAfter a sample that is older says nothing any more: the database counts as unreachable. More than a sample's
 *     worst case (2 s for a connection, 5 s for the statement) and an interval
 * @param reportEvery how often a relay's state is written where operators' SQL sees it; at once when it changes
 */
@ConfigurationProperties("registry.status")
record StatusSettings(
        @DefaultValue("2s") Duration interval,
        @DefaultValue("15s") Duration staleAfter,
        @DefaultValue("10s") Duration reportEvery) {

    /** The statement's share of a sample's worst case. */
    static final Duration LONGEST_STATEMENT = Duration.ofSeconds(5);

    StatusSettings {
        if (interval.toMillis() < 10) {
            throw new IllegalArgumentException(
                    "registry.status.interval is " + interval + "; it must be at least 10ms, for example 2s");
        }
        if (staleAfter.compareTo(interval.plus(LONGEST_STATEMENT)) <= 0) {
            throw new IllegalArgumentException("registry.status.stale-after is " + staleAfter
                    + "; it must be more than registry.status.interval and " + LONGEST_STATEMENT.toSeconds()
                    + "s, for example 15s");
        }
        if (reportEvery.compareTo(interval) < 0) {
            throw new IllegalArgumentException("registry.status.report-every is " + reportEvery
                    + "; it must not be less than registry.status.interval, for example 10s");
        }
    }
}
