package io.github.fedhds.examples.cli;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;

/** A fusion, as the command line names it. */
public enum FusionName {
    /** t-SNE of all layers; the paper's way. */
    TSNE,
    /** The two main components of all layers. */
    PCA,
    /** t-SNE of the last layer alone; the paper's ablation. */
    LAST_LAYER;

    public Fusion fusion() {
        // One thread: clients already run side by side.
        TsneFusion tsne = TsneFusion.builder().threads(1).build();
        return switch (this) {
            case TSNE -> tsne;
            case PCA -> new PcaFusion();
            case LAST_LAYER -> tsne.compose(FeatureMatrix::lastBlock);
        };
    }
}
