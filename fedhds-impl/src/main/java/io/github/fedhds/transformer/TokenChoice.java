package io.github.fedhds.transformer;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.round.RoundContext;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Chooses the next token of each text. Has one random stream per text, from which every token takes one number; for one
 * call and one thread.
 */
final class TokenChoice {
    private final Sampling sampling;
    private final SplittableRandom[] streams;

    /** @param texts number of texts, in all batches together */
    TokenChoice(Sampling sampling, int texts) {
        this.sampling = sampling;
        RoundContext context = RoundContext.first().withSeed(sampling.seed());
        this.streams = IntStream.range(0, texts)
                .mapToObj(text -> context.random("tokens of text " + text))
                .toArray(SplittableRandom[]::new);
    }

    /** True if the next token is the first of the likeliest ones. */
    boolean isGreedy() {
        return sampling.temperature() == 0;
    }

    /**
     * The next token of a text.
     *
     * @param text index among all texts
     * @param logits one per token of the vocabulary; minus infinity for an impossible token
     * @throws FedHdsException if a logit is NaN or infinity, or all are minus infinity
     */
    int next(int text, float[] logits) {
        int likeliest = likeliest(text, logits);
        return isGreedy() ? likeliest : drawn(logits, logits[likeliest], streams[text]);
    }

    private static int likeliest(int text, float[] logits) {
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            if (!(logits[i] < Float.POSITIVE_INFINITY)) { // also true for NaN
                throw bad(text, logits, i);
            }
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        if (logits[best] == Float.NEGATIVE_INFINITY) {
            throw bad(text, logits, best);
        }
        return best;
    }

    private static FedHdsException bad(int text, float[] logits, int token) {
        return new FedHdsException("row " + text + " cannot be continued: the logit of token " + token + " is "
                + logits[token] + "; are there numbers in the weights or the adapter that are not finite?");
    }

    private int drawn(float[] logits, double greatest, SplittableRandom stream) {
        double[] weights = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp((logits[i] - greatest) / sampling.temperature());
            sum += weights[i];
        }
        int[] order = order(logits, weights, sum);
        double kept = 0;
        for (int i = 0; i < order.length && kept < sampling.topP() * sum; i++) {
            kept += weights[order[i]];
        }
        // Less than kept, which is a sum in the same order, so the loop ends within the kept tokens.
        double wanted = stream.nextDouble() * kept;
        int at = 0;
        for (double passed = weights[order[0]]; passed <= wanted; passed += weights[order[at]]) {
            at++;
        }
        return order[at];
    }

    /** The tokens that may be kept, the most likely first; in id order if all are kept. */
    private int[] order(float[] logits, double[] weights, double sum) {
        IntStream all = IntStream.range(0, weights.length);
        if (sampling.topP() == 1) {
            return all.toArray();
        }
        // A token below this weight cannot be kept, since it and the less likely ones have less than the share left
        // out. So only few are sorted, even for a large vocabulary.
        double least = (1 - sampling.topP()) * sum / weights.length;
        return all.filter(i -> weights[i] >= least)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> 0.0 - logits[i])) // stable; -0 equals +0
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
