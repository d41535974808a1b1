package io.github.fedhds.examples.cli;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;

/** A fusion, by its name on the command line. */
public enum FusionName {
    /** t-SNE of all layers, as in the paper. */
    TSNE,
    /** The first two principal components of all layers. */
    PCA,
    /** t-SNE of only the last layer; the paper's ablation. */
    LAST_LAYER;

    public Fusion fusion() {
        // One thread: clients already run in parallel.
        TsneFusion tsne = TsneFusion.builder().threads(1).build();
        return switch (this) {
            case TSNE -> tsne;
            case PCA -> new PcaFusion();
            case LAST_LAYER -> tsne.compose(FeatureMatrix::lastBlock);
        };
    }
}
