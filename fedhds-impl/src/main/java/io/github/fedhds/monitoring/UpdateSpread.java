package io.github.fedhds.monitoring;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Mean cosine between the updates of a round, of which one is seen at a time: with n changes of unit length,
 * {@code |sum|² = n + sum of all cosines}. Holds one sum of at most {@value #MAX_COORDINATES} coordinates; of a larger
 * adapter only every k-th parameter counts, which changes the cosine by about a thousandth. For one thread.
 */
final class UpdateSpread {
    static final int MAX_COORDINATES = 1 << 20;

    private final Adapter global;
    private final int step;
    private final float[] sum;
    private int updates;
    private boolean otherForm;

    UpdateSpread(Adapter global) {
        this(global, MAX_COORDINATES);
    }

    UpdateSpread(Adapter global, int maxCoordinates) {
        this.global = global;
        long parameters = global.parameters();
        int every = Math.toIntExact((parameters + maxCoordinates - 1) / maxCoordinates);
        step = every <= 1 ? 1 : every | 1; // odd, so that it does not take the same columns of every row
        sum = new float[Math.toIntExact((parameters + step - 1) / step)];
    }

    /** Adds an update. One that changes nothing has no direction and does not count. */
    void add(Adapter update) {
        if (otherForm || global.differenceInForm(update).isPresent()) {
            otherForm = true; // an aggregator may take adapters of several ranks
            return;
        }
        double length = Math.sqrt(walk(update, 0));
        if (length > 0 && Double.isFinite(length)) {
            walk(update, 1 / length);
            updates++;
        }
    }

    /** The sum of squares of the change; adds the change times {@code share} to the sum if that is not 0. */
    private double walk(Adapter update, double share) {
        double squares = 0;
        long first = 0; // place of a tensor's first value among all parameters
        int place = 0;
        for (Map.Entry<String, Tensor> entry : global.tensors().entrySet()) {
            Tensor from = entry.getValue();
            Tensor to = update.tensors().getOrDefault(entry.getKey(), from);
            for (long i = (long) place * step - first; i < from.size(); i += step) {
                double change = (double) to.get((int) i) - from.get((int) i);
                squares += change * change;
                if (share != 0) {
                    sum[place] += (float) (share * change);
                }
                place++;
            }
            first += from.size();
        }
        return squares;
    }

    /** The mean over all pairs; empty with fewer than {@code least} updates, or if some had another form. */
    OptionalDouble meanCosine(int least) {
        if (otherForm || updates < Math.max(2, least)) {
            return OptionalDouble.empty();
        }
        double squares = 0;
        for (float value : sum) {
            squares += (double) value * value;
        }
        double pairs = (double) updates * (updates - 1);
        return OptionalDouble.of(Math.max(-1, Math.min(1, (squares - updates) / pairs)));
    }
}
