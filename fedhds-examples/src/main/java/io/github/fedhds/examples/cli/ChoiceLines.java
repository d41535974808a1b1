package io.github.fedhds.examples.cli;

import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.monitoring.ChoiceCost;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.tokenizer.SampleEncoder;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Prints the cost of choosing: what it needs before the run, an estimate of its seconds after the first round that
 * computed features, and what it took after the run.
 */
final class ChoiceLines implements RoundListener {
    /** Samples that are tokenized to estimate the number of tokens. */
    private static final int COUNTED = 500;

    private final PrintStream out;
    private final MessageCodec codec;
    private final double tokensPerSample;
    private final long expectedRows;
    private final boolean once;
    private final int rounds;
    private long bytes;
    private String bytesFrom = "";
    private boolean estimated;

    /**
     * @param encoder of the model that computes the features
     * @param instructions all instructions of all clients
     * @param once whether each row is computed only once in a run
     */
    ChoiceLines(
            PrintStream out,
            MessageCodec codec,
            SampleEncoder encoder,
            List<Instruction> instructions,
            int rounds,
            double fraction,
            boolean once) {
        this.out = out;
        this.codec = codec;
        this.rounds = rounds;
        this.once = once;
        int step = Math.max(1, instructions.size() / COUNTED);
        long tokens = 0;
        int counted = 0;
        for (int i = 0; i < instructions.size(); i += step) {
            tokens += encoder.forFeatures(instructions.get(i)).ids().length;
            counted++;
        }
        tokensPerSample = counted == 0 ? 0 : tokens / (double) counted;
        expectedRows = Math.round(instructions.size() * expectedPasses(fraction, rounds, once));
    }

    /**
     * How often an instruction's features are computed in a run, on average: once if its client is in any round, or once
     * in each of its rounds.
     */
    static double expectedPasses(double fraction, int rounds, boolean once) {
        return once ? 1 - Math.pow(1 - fraction, rounds) : fraction * rounds;
    }

    void printNeeds() {
        print(
                "choosing needs the features of about %d instructions (%d tokens) in %d %s, %s%n",
                expectedRows,
                Math.round(expectedRows * tokensPerSample),
                rounds,
                rounds == 1 ? "round" : "rounds",
                once ? "each computed once" : "computed again in each round");
    }

    @Override
    public void resumed(List<RoundReport> past, Optional<String> damage) {
        bytesFrom = " since the resume";
    }

    @Override
    public void received(CentroidReport report, Receipt receipt) {
        bytes += receipt.counts() ? codec.bytes(report) : 0;
    }

    @Override
    public void closed(RoundReport report) {
        FeatureCache.Statistics rows = report.featureRows();
        double seconds = report.seconds().features();
        if (estimated || seconds == 0 || report.round() >= rounds) {
            return;
        }
        if (!once) {
            estimated = true;
            print("features take about %.0f s in all %d rounds%n", seconds * rounds, rounds);
        } else if (rows.misses() > 0) {
            estimated = true;
            double all = Math.max(seconds, seconds / rows.misses() * expectedRows);
            print("features take about %.0f s in all %d rounds%n", all, rounds);
        }
    }

    /** @param held instructions of the clients of each round, counted once per round */
    void printCost(List<RoundReport> reports, long held) {
        ChoiceCost cost = ChoiceCost.of(reports, held, bytes);
        print(
                "choosing took %.1f s: features %.1f s (%d instructions computed, about %d tokens), groups %.1f s; %d bytes of"
                        + " centroids%s; training took %.1f s",
                cost.seconds(),
                cost.featureSeconds(),
                cost.rows(),
                Math.round(cost.rows() * tokensPerSample),
                cost.selectionSeconds(),
                cost.bytes(),
                bytesFrom,
                cost.trainingSeconds());
        cost.fullTrainingSeconds()
                .ifPresent(full -> print(", on all instructions about %.0f s at this run's rate", full));
        out.println();
    }

    private void print(String format, Object... values) {
        out.printf(Locale.ROOT, format, values);
    }
}
