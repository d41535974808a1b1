package io.github.fedhds.selection;

import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.Frame;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A shared frame along the principal axes of public prompts. Coordinates along which public prompts differ most also
 * separate the clients' groups well. The server fits it in every round, because the adapter changes the features, and
 * sends it as numbers: 4 (dimensions + 1) bytes per column of the features. With features that do not change it is the same
 * in all rounds, so that a selection may have a memory. Cost: features of the anchors and a PCA per round. Immutable, safe for
 * many threads if the extractor is.
 */
public final class AnchorFrame implements Function<RoundContext, Optional<Frame>> {
    private final FeatureExtractor extractor;
    private final List<Instruction> anchors;
    private final int dimensions;
    private final boolean whitened;

    /**
     * Creates a frame from anchors.
     *
     * @param extractor the clients' feature extractor
     * @param anchors public prompts, more than dimensions
     * @param dimensions number of axes, 1 or more; axes beyond the anchors' rank are zero
     */
    public AnchorFrame(FeatureExtractor extractor, List<Instruction> anchors, int dimensions) {
        this(extractor, anchors, dimensions, false);
    }

    private AnchorFrame(FeatureExtractor extractor, List<Instruction> anchors, int dimensions, boolean whitened) {
        if (dimensions < 1 || anchors.size() <= dimensions) {
            throw new IllegalArgumentException("a frame has 1 axis or more and more anchors than axes, was dimensions "
                    + dimensions + " with " + anchors.size() + " anchors");
        }
        this.extractor = extractor;
        this.anchors = List.copyOf(anchors);
        this.dimensions = dimensions;
        this.whitened = whitened;
    }

    /**
     * This frame with each coordinate divided by its standard deviation among the anchors, so that no direction of the
     * features outweighs the others. Take few dimensions: the last axes of few anchors are mostly noise.
     *
     * @see <a href="https://arxiv.org/abs/2602.13773">CRDS</a>
     */
    public AnchorFrame whitened() {
        return new AnchorFrame(extractor, anchors, dimensions, true);
    }

    /** Anchors and extractor have no short text, so only their number is said. */
    @Override
    public String toString() {
        return "AnchorFrame[dimensions=" + dimensions + ", anchors=" + anchors.size() + (whitened ? ", whitened" : "")
                + "]";
    }

    @Override
    public Optional<Frame> apply(RoundContext round) {
        FeatureMatrix features = extractor.extract(anchors, round);
        int n = features.rows();
        int columns = features.columns();
        double[] mean = new double[columns];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < columns; j++) {
                mean[j] += (double) features.get(i, j) / n;
            }
        }
        Points scores = new PcaFusion(dimensions).fuse(features, round);
        float[] centre = new float[columns];
        for (int j = 0; j < columns; j++) {
            centre[j] = (float) mean[j];
        }
        float[] axes = new float[dimensions * columns];
        for (int axis = 0; axis < dimensions; axis++) {
            double squares = 0;
            for (int i = 0; i < n; i++) {
                squares += scores.get(i, axis) * scores.get(i, axis);
            }
            double unit = whitened ? Math.sqrt(squares / (n - 1)) : 1;
            for (int j = 0;
                    j < columns && squares > 0;
                    j++) { // scores are rows . axis, so rows' . scores are the axis again
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    sum += (features.get(i, j) - mean[j]) * scores.get(i, axis);
                }
                axes[axis * columns + j] = (float) (sum / squares / unit);
            }
        }
        return Optional.of(new Frame.Axes(centre, axes));
    }
}
