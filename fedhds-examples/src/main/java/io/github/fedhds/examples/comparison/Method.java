package io.github.fedhds.examples.comparison;

import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.features.LayerScaling;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.selection.AnchorFrame;
import io.github.fedhds.selection.BalancedSelector;
import io.github.fedhds.selection.HdbscanSelector;
import io.github.fedhds.selection.KCenterSelector;
import io.github.fedhds.selection.RandomSelector;
import io.github.fedhds.selection.ScoreSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.util.List;
import java.util.function.IntFunction;

/** A way to choose training samples. All features are those of the base model, so that methods and seeds share them. */
enum Method {
    /** As many of each client as its size says. */
    RANDOM("random") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return dealt(share, RandomSelector::count);
        }
    },
    /** Over the groups that the recommended selection finds. */
    BALANCED("random, balanced over groups") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return dealt(
                    share,
                    count -> BalancedSelector.count(Selection.recommended(share).client(), count));
        }
    },
    PAPER("the paper's") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.paper()
                    .withClient(HdbscanSelector.builder()
                            .samplesPerGroup(samplesPerGroup)
                            .build());
        }
    },
    /** {@link #RECOMMENDED} without a memory: another frame in each round. */
    DIVERSE("recommended, no memory") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share).inSharedFrame(DIMENSIONS);
        }
    },
    RECOMMENDED("recommended") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share);
        }
    },
    /** {@link #RECOMMENDED} without limits for each client. */
    UNLIMITED("recommended, no client limits") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share)
                    .withServer(KCenterSelector.shareOfSamples(share).withDensity(1));
        }
    },
    /** {@link #RECOMMENDED} without weights of density. */
    UNWEIGHTED("recommended, without density") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share)
                    .withServer(KCenterSelector.shareOfSamples(share).withClientLimits());
        }
    },
    /** {@link #RECOMMENDED} with the clusters of the paper's clients. */
    LARGE_CLUSTERS("recommended, clusters of 5 or more") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share)
                    .withClient(HdbscanSelector.builder().atLeastOneGroup(true).build());
        }
    },
    /** {@link #RECOMMENDED} with features in parts and layers of unit length. */
    PARTS("recommended, features in parts") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share);
        }

        @Override
        FedHdsBuilder on(LanguageModel model, double share, int samplesPerGroup) {
            return super.on(model, share, samplesPerGroup)
                    .pooling(Pooling.PARTS)
                    .layerScaling(LayerScaling.UNIT_LENGTH);
        }
    },
    /** {@link #RECOMMENDED} with features of the first third of the layers. */
    EARLY_LAYERS("recommended, first third of the layers") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share);
        }

        @Override
        FedHdsBuilder on(LanguageModel model, double share, int samplesPerGroup) {
            return super.on(model, share, samplesPerGroup)
                    .featureLayers(Math.max(1, model.config().layers() / 3));
        }
    },
    /** {@link #RECOMMENDED} with layers of unit length. */
    UNIT_LENGTH("recommended, layers of unit length") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share);
        }

        @Override
        FedHdsBuilder on(LanguageModel model, double share, int samplesPerGroup) {
            return super.on(model, share, samplesPerGroup).layerScaling(LayerScaling.UNIT_LENGTH);
        }
    },
    /** {@link #RECOMMENDED} with the mean of all tokens, later ones with higher weights. */
    WEIGHTED_MEAN("recommended, position-weighted mean") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share);
        }

        @Override
        FedHdsBuilder on(LanguageModel model, double share, int samplesPerGroup) {
            return super.on(model, share, samplesPerGroup).pooling(Pooling.POSITION_WEIGHTED_MEAN);
        }
    },
    /** {@link #RECOMMENDED} in a frame along the axes of public prompts, each with equal variance. */
    WHITENED("recommended, whitened by anchors") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share);
        }

        @Override
        FedHdsBuilder withPublic(FedHdsBuilder builder, List<Instruction> prompts, double share) {
            int axes = Math.min(ANCHOR_AXES, prompts.size() - 1);
            AnchorFrame frame = new AnchorFrame(builder.build().extractor(), prompts, axes);
            return builder.selection(selection(share, 1).withFrame(frame.whitened()));
        }
    },
    /** {@link #RECOMMENDED} without the tenth of the samples with the lowest pair quality. */
    QUALITY("recommended, by pair quality") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share).withPairQuality(0.1);
        }
    },
    DIVERSE_EVOL("DiverseEvol") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.diverseEvol(share);
        }
    },
    FEDDCA("FedDCA's greedy centres") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.feddca(0)
                    .withServer(KCenterSelector.shareOfSamples(share).withCosine());
        }
    },
    PERPLEXITY("perplexity") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return dealt(share, count -> ScoreSelector.perplexity().count(count).build());
        }
    },
    DIFFICULTY("difficulty (IFD)") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return dealt(share, count -> ScoreSelector.difficulty().count(count).build());
        }
    },
    FULL("full data (FedIT)") {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.everything();
        }
    };

    private static final int DIMENSIONS = 128;
    private static final int ANCHOR_AXES = 16;

    private final String title;

    Method(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    /**
     * The selection.
     *
     * @param share share of the instructions of a round's clients
     * @param samplesPerGroup of the paper's selection, which has no share
     */
    abstract Selection selection(double share, int samplesPerGroup);

    /** Starts settings with selection and features. */
    FedHdsBuilder on(LanguageModel model, double share, int samplesPerGroup) {
        return FedHds.on(model).frozenFeatures(true).selection(selection(share, samplesPerGroup));
    }

    /** Uses prompts that no client holds, if the method needs some; the settings are otherwise complete. */
    FedHdsBuilder withPublic(FedHdsBuilder builder, List<Instruction> prompts, double share) {
        return builder;
    }

    private static Selection dealt(double share, IntFunction<CoresetSelector> ofCount) {
        return ShareOfEach.of(round -> share, ofCount);
    }
}
