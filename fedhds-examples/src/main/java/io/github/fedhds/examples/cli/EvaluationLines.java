package io.github.fedhds.examples.cli;

import io.github.fedhds.evaluation.EvaluationProgress;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows the progress of a long evaluation, with the time that is left: a bar on a terminal; elsewhere a line of the log when
 * it begins, and then every ten seconds at most. For one evaluation.
 */
final class EvaluationLines implements EvaluationProgress {
    private static final Logger LOGGER = LoggerFactory.getLogger(EvaluationLines.class);
    private static final long NANOS = Duration.ofSeconds(10).toNanos();
    private static final int FEW = 8;

    private final ProgressBar bar;
    private final long start = System.nanoTime();
    private long last = start - NANOS;

    EvaluationLines(ProgressBar bar) {
        this.bar = bar;
    }

    @Override
    public void answered(int done, int all) {
        if (all <= FEW) {
            return;
        }
        long now = System.nanoTime();
        double seconds = (now - start) / 1e9;
        boolean known = done > 0 && done < all; // before the first answer, no time tells the rest
        String left = known ? ProgressBar.text(seconds / done * (all - done)) + " left" : "";
        if (bar.isDrawn()) {
            bar.draw("evaluation, " + done + " of " + all + " answers", done / (double) all, known ? " " + left : "");
            if (done == all) {
                bar.erase();
            }
        } else if (now - last >= NANOS || done == all) {
            LOGGER.info(
                    "evaluated {} of {} answers, {} s{}",
                    done,
                    all,
                    Math.round(seconds),
                    known ? ", about " + left : "");
            last = now;
        }
    }
}
