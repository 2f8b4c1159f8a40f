package ai.hokus.registry.chaos;

import java.util.List;
import java.util.function.Supplier;

/**
 * One kind of fault.
 *
 * @param sentence its name
 * @param stageSettings null: plays on the stage that scenarios share; else on one of its own, with these settings
 * @param servers starts its own stage's Redis
 * @param act injects the fault and ends it; the stage heals what it leaves broken
 */
record Scenario(String sentence, List<String> stageSettings, Supplier<RedisServers> servers, Act act) {

    @FunctionalInterface
    interface Act {
        void play(Play play);
    }

    static Scenario of(String sentence, Act act) {
        return new Scenario(sentence, null, RedisPair::new, act);
    }

    /** For what leaves a database or a Redis that nobody else can use. */
    static Scenario onItsOwnStage(String sentence, Act act, String... settings) {
        return new Scenario(sentence, List.of(settings), RedisPair::new, act);
    }

    /** For Redis that is run in another way. */
    static Scenario onItsOwnRedis(String sentence, Supplier<RedisServers> servers, Act act) {
        return new Scenario(sentence, List.of(), servers, act);
    }

    boolean needsItsOwnStage() {
        return stageSettings != null;
    }
}
