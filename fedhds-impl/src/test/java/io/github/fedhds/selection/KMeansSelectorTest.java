package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.clustering.KMeans;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.round.RoundContext;
import org.junit.jupiter.api.Test;

/** The paper's selector on groups of k-means. */
class KMeansSelectorTest extends CoresetSelectorContract {
    @Override
    CoresetSelector selector() {
        return HdbscanSelector.builder()
                .clustering(KMeans.builder().clusters(4).build())
                .build();
    }

    @Test
    void select_kMeans_givesKGroupsThatHoldAll() {
        Coreset coreset = selector().select(Candidates.of(random(60, 1)), RoundContext.first());
        assertEquals(4, coreset.groups().size());
        assertEquals(
                60, coreset.groups().stream().mapToInt(g -> g.members().length).sum());
    }
}
