package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Chooses every candidate: a client trains on all its data, or a server takes all groups. There is one group; its
 * centre is the origin, because points are not computed. Time and memory O(n). Immutable, safe for many threads.
 */
public final class EverySelector implements CoresetSelector {
    @Override
    public String toString() {
        return "EverySelector";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        int n = candidates.size();
        if (n == 0) {
            return Coreset.empty();
        }
        int[] all = IntStream.range(0, n).toArray();
        return new Coreset(List.of(new Group(0, new double[candidates.dimensions()], all, n)));
    }
}
