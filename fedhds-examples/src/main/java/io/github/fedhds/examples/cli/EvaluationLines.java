package io.github.fedhds.examples.cli;

import io.github.fedhds.evaluation.EvaluationProgress;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs the progress of a long evaluation: its start, and then a line every ten seconds at most. For one evaluation. */
final class EvaluationLines implements EvaluationProgress {
    private static final Logger LOGGER = LoggerFactory.getLogger(EvaluationLines.class);
    private static final long NANOS = Duration.ofSeconds(10).toNanos();
    private static final int FEW = 8;

    private final long start = System.nanoTime();
    private long last = start - NANOS;

    @Override
    public void answered(int done, int all) {
        long now = System.nanoTime();
        if (all > FEW && (now - last >= NANOS || done == all)) {
            LOGGER.info(
                    "evaluated {} of {} answers, {} s",
                    done,
                    all,
                    Duration.ofNanos(now - start).toSeconds());
            last = now;
        }
    }
}
