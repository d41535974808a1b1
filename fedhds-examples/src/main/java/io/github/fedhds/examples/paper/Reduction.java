package io.github.fedhds.examples.paper;

import io.github.fedhds.examples.cli.FusionName;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.reduction.KernelPcaFusion;

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
        return switch (this) {
            case TSNE -> FusionName.TSNE.fusion();
            case TSNE_LAST_LAYER -> FusionName.LAST_LAYER.fusion();
            case PCA -> FusionName.PCA.fusion();
            case KERNEL_PCA -> KernelPcaFusion.rbf(2);
        };
    }
}
