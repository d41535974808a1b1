package io.github.fedhds.examples.cli;

import io.github.fedhds.monitoring.RoundReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;

/** Why no round of a run trained, and which option helps. */
final class NothingTrained {
    private NothingTrained() {}

    /**
     * Advice for each cause, with the options of the program.
     *
     * @param moreSamples if no client found a group among its samples
     * @param moreClients if the server selected no group
     * @param tooLong if samples were too long
     */
    record Help(String moreSamples, String moreClients, String tooLong) {}

    /**
     * The causes that occurred, each with its advice.
     *
     * @param damage the base model's first weight that is NaN or infinite
     */
    static String causes(List<RoundReport> rounds, Help help, Optional<String> damage) {
        List<String> causes = new ArrayList<>();
        damage.map(NothingTrained::damaged).ifPresent(causes::add);
        long notFinite = sum(rounds, r -> r.result().counts().skippedNonFinite());
        if (notFinite > 0 && damage.isEmpty()) {
            causes.add("the loss of " + notFinite + " training steps was not finite, though the model's weights are;"
                    + " lower --learning-rate, or train with --precision float32");
        }
        long tooLongSamples = sum(rounds, r -> r.result().counts().skippedTooLong());
        if (tooLongSamples > 0) {
            causes.add(tooLongSamples + " chosen samples were too long; " + help.tooLong());
        }
        rounds.stream()
                .map(RoundReport::result)
                .flatMap(result -> result.voidReason().stream())
                .findFirst()
                .ifPresent(reason -> causes.add("rounds were void: " + reason));
        long chosen = sum(rounds, r -> r.result().chosen());
        if (sum(rounds, r -> r.result().centroids()) == 0) {
            causes.add("no client found groups among its samples; " + help.moreSamples());
        } else if (chosen == 0 && causes.isEmpty()) {
            causes.add("no group was chosen in any round; " + help.moreClients());
        } else if (causes.isEmpty()) {
            causes.add(
                    "no update was accepted; see above what was refused, and lower --learning-rate where an adapter was"
                            + " not finite");
        }
        return String.join("; ", causes);
    }

    /** Description of a damaged model, with advice. */
    static String damaged(String weight) {
        return weight + ", so the model is damaged: fetch or export it again";
    }

    private static long sum(List<RoundReport> rounds, ToLongFunction<RoundReport> count) {
        return rounds.stream().mapToLong(count).sum();
    }
}
