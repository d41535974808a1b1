package io.github.fedhds.simulation;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.RoundReport;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The evaluations of a federation: when an adapter is scored, which one is best, and when to stop. For one thread at a time. */
final class Evaluations {
    private final @Nullable ToDoubleFunction<Adapter> score;
    private final int every;
    private final int patience;
    private Optional<BestRound> best = Optional.empty();

    /** Evaluates every so many rounds and in the last round; settings as on {@link Federation.Builder}. */
    Evaluations(@Nullable ToDoubleFunction<Adapter> score, int every, int patience) {
        if (patience > 0 && (score == null || every == 0)) {
            throw new IllegalArgumentException(
                    "patience is counted in evaluations; set one of every so many rounds on the builder too");
        }
        this.score = score;
        this.every = every;
        this.patience = patience;
    }

    void resume(Optional<BestRound> bestOfPast) {
        best = bestOfPast;
    }

    Optional<BestRound> best() {
        return best;
    }

    /** The report with its score, where an evaluation is due after so many rounds. */
    RoundReport evaluate(RoundReport report, int pastRounds, boolean last) {
        boolean due = last || isRegular(pastRounds);
        if (score == null || !due) {
            return report;
        }
        Adapter adapter = report.result().adapter();
        double value = score.applyAsDouble(adapter);
        if (!Double.isFinite(value)) {
            throw new IllegalStateException(
                    "the evaluation gave " + value + " after round " + report.round() + "; it must be finite");
        }
        if (best.isEmpty() || value > best.get().score()) {
            best = Optional.of(new BestRound(report.round(), value, adapter));
        }
        return report.withScore(value);
    }

    /** Whether the last evaluations in a row, as many as the patience, were no better than the best one. */
    boolean outOfPatience(List<RoundReport> past) {
        if (patience == 0 || best.isEmpty()) {
            return false;
        }
        int evaluations = 0;
        for (int i = 0; i < past.size(); i++) {
            RoundReport report = past.get(i);
            boolean counts = report.score().isPresent() && isRegular(i + 1); // not one of a last round alone
            evaluations += counts && report.round() > best.get().round() ? 1 : 0;
        }
        return evaluations >= patience;
    }

    /** Whether an evaluation is due after so many rounds, last or not. */
    private boolean isRegular(int pastRounds) {
        return every > 0 && pastRounds % every == 0;
    }
}
