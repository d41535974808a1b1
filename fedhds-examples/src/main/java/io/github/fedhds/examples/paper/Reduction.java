package io.github.fedhds.examples.paper;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.reduction.KernelPcaFusion;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;

/** How features become points of two coordinates. */
enum Reduction {
    TSNE("t-SNE"),
    /** t-SNE of the last layer only. */
    TSNE_LAST_LAYER("t-SNE, last layer only"),
    PCA("PCA"),
    /** With the radial basis function. */
    KERNEL_PCA("kernel PCA");

    private final String title;

    Reduction(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    /** On one thread, because clients run in parallel. */
    Fusion fusion() {
        TsneFusion tsne = TsneFusion.builder().threads(1).build();
        return switch (this) {
            case TSNE -> tsne;
            case TSNE_LAST_LAYER -> tsne.compose(FeatureMatrix::lastBlock);
            case PCA -> new PcaFusion();
            case KERNEL_PCA -> KernelPcaFusion.rbf(2);
        };
    }
}
