package ai.hokus.registry.chaos;

import java.util.List;

/**
 * One kind of fault.
 *
 * @param sentence its name
 * @param stageSettings null: plays on the stage that scenarios share; else on one of its own, with these settings
 * @param act injects the fault and ends it; the stage heals what it leaves broken
 */
record Scenario(String sentence, List<String> stageSettings, Act act) {

    @FunctionalInterface
    interface Act {
        void play(Play play);
    }

    static Scenario of(String sentence, Act act) {
        return new Scenario(sentence, null, act);
    }

    /** For what leaves a database or a Redis that nobody else can use. */
    static Scenario onItsOwnStage(String sentence, Act act, String... settings) {
        return new Scenario(sentence, List.of(settings), act);
    }

    boolean needsItsOwnStage() {
        return stageSettings != null;
    }
}
