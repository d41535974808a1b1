package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import org.junit.jupiter.api.Test;

/** HDBSCAN with its noise kept. */
class KeepUniqueSelectorTest extends CoresetSelectorContract {
    @Override
    CoresetSelector selector() {
        return HdbscanSelector.builder().noiseAsGroups(true).build();
    }

    @Test
    void select_noiseThatCoincides_isOneGroup() {
        Points points = new Points(4, 1, new double[] {5, 1, 5, 5}); // too few for a cluster
        List<Group> groups =
                selector().select(Candidates.of(points), RoundContext.first()).groups();
        assertEquals(2, groups.size());
        assertArrayEquals(new int[] {0, 2, 3}, groups.get(0).members());
        assertArrayEquals(new int[] {1}, groups.get(1).members());
    }
}
