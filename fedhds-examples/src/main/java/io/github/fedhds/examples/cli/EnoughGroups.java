package io.github.fedhds.examples.cli;

import io.github.fedhds.clustering.KMeans;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.HdbscanSelector;

/**
 * A client's selector with enough groups for a share of its instructions, of which each group gives one. HDBSCAN may
 * find two groups in a data set of one kind; where it finds fewer than are needed, k-means makes three times as many as
 * are needed, so that the server still chooses.
 *
 * @param preferred the selector whose groups are used if they are enough
 * @param share share of the instructions to select
 */
record EnoughGroups(CoresetSelector preferred, double share, long seed) implements CoresetSelector {
    private static final int CHOICE = 3;

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        Coreset found = preferred.select(candidates, round);
        double needed = share * candidates.size();
        if (found.groups().size() >= needed) {
            return found;
        }
        KMeans kMeans = KMeans.builder()
                .clusters((int) Math.min(candidates.size(), CHOICE * Math.ceil(needed)))
                .seed(seed)
                .build();
        return HdbscanSelector.builder().clustering(kMeans).build().select(candidates, round);
    }
}
