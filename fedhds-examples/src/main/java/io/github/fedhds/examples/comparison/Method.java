package io.github.fedhds.examples.comparison;

import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.BalancedSelector;
import io.github.fedhds.selection.HdbscanSelector;
import io.github.fedhds.selection.KCenterSelector;
import io.github.fedhds.selection.RandomSelector;
import io.github.fedhds.selection.ScoreSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import java.util.function.IntFunction;

/** A way to choose training samples. All features are those of the base model, so that methods and seeds share them. */
enum Method {
    /** As many of each client as its size says. */
    RANDOM("random", false) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return dealt(share, RandomSelector::count);
        }
    },
    /** Over the groups that the recommended selection finds. */
    BALANCED("random, balanced over groups", true) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return dealt(share, count -> BalancedSelector.count(HdbscanSelector.forClient(), count));
        }
    },
    PAPER("the paper's", false) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.paper()
                    .withClient(HdbscanSelector.builder()
                            .samplesPerGroup(samplesPerGroup)
                            .build());
        }
    },
    /** {@link #RECOMMENDED} without a memory: another frame in each round. */
    DIVERSE("recommended, no memory", true) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share).inSharedFrame(DIMENSIONS);
        }
    },
    RECOMMENDED("recommended", true) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share);
        }
    },
    /** {@link #RECOMMENDED} without limits for each client. */
    UNLIMITED("recommended, no client limits", true) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share).withServer(KCenterSelector.shareOfSamples(share));
        }
    },
    /** {@link #RECOMMENDED} with distances weighted by density. */
    DENSITY("recommended, by density", true) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share)
                    .withServer(KCenterSelector.shareOfSamples(share)
                            .withClientLimits()
                            .withDensity(0.5));
        }
    },
    /** {@link #RECOMMENDED} without the tenth of the samples with the lowest pair quality. */
    QUALITY("recommended, by pair quality", true) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.recommended(share).withPairQuality(0.1);
        }
    },
    DIVERSE_EVOL("DiverseEvol", true) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.diverseEvol(share);
        }
    },
    FEDDCA("FedDCA's greedy centres", true) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.feddca(0)
                    .withServer(KCenterSelector.shareOfSamples(share).withCosine());
        }
    },
    PERPLEXITY("perplexity", false) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return dealt(share, count -> ScoreSelector.perplexity().count(count).build());
        }
    },
    DIFFICULTY("difficulty (IFD)", false) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return dealt(share, count -> ScoreSelector.difficulty().count(count).build());
        }
    },
    FULL("full data (FedIT)", false) {
        @Override
        Selection selection(double share, int samplesPerGroup) {
            return Selection.everything();
        }
    };

    private static final int DIMENSIONS = 128;

    private final String title;
    private final boolean sharesFeatures;

    /** @param sharesFeatures whether it takes the features of the recommended selection; else the paper's */
    Method(String title, boolean sharesFeatures) {
        this.title = title;
        this.sharesFeatures = sharesFeatures;
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

    /** Sets selection and features. */
    FedHds.Builder on(FedHds.Builder fedHds, double share, int samplesPerGroup) {
        if (sharesFeatures) {
            return fedHds.recommended(share).selection(selection(share, samplesPerGroup));
        }
        return fedHds.selection(selection(share, samplesPerGroup)).frozenFeatures(true);
    }

    /**
     * A share of each client's samples, rounded up or down at random with the share as the mean, so that a round has the
     * share of all of them.
     */
    private static Selection dealt(double share, IntFunction<CoresetSelector> ofCount) {
        return Selection.everything()
                .withClient((candidates, round) ->
                        ofCount.apply(count(share, candidates.size(), round)).select(candidates, round));
    }

    private static int count(double share, int samples, RoundContext round) {
        double mean = share * samples;
        int least = (int) mean;
        return least + (round.random("share").nextDouble() < mean - least ? 1 : 0);
    }
}
