package io.github.fedhds.transformer;

import java.util.List;

/** The loss by its definition, in double precision, from the logits of a whole text. */
public final class HandLoss {
    private HandLoss() {}

    /** Mean negative log-likelihood of the tokens from {@code start} on. */
    public static double of(AdaptedModel model, int[] ids, int start) {
        List<float[]> states = model.states(ids);
        float[] logits = states.get(states.size() - 1);
        int vocabulary = model.config().vocabulary();
        double sum = 0;
        for (int t = start; t < ids.length; t++) {
            int from = (t - 1) * vocabulary;
            double all = 0;
            for (int i = 0; i < vocabulary; i++) {
                all += Math.exp(logits[from + i]);
            }
            sum += Math.log(all) - logits[from + ids[t]];
        }
        return sum / (ids.length - start);
    }
}
