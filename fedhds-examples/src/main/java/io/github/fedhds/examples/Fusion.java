package io.github.fedhds.examples;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;
import java.util.function.Function;

/** How features become points. */
enum Fusion {
    /** t-SNE of all layers; the paper's way. */
    TSNE,
    /** The two main components of all layers. */
    PCA,
    /** t-SNE of the last layer alone; the paper's ablation. */
    LAST_LAYER;

    Function<FeatureMatrix, Points> function() {
        // One thread: clients already run side by side.
        TsneFusion tsne = TsneFusion.builder().threads(1).build();
        return switch (this) {
            case TSNE -> tsne;
            case PCA -> new PcaFusion();
            case LAST_LAYER -> tsne.compose(FeatureMatrix::lastBlock);
        };
    }
}
