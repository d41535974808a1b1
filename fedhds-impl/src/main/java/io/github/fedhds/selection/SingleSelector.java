package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes each candidate a group of one: on a client, the server then chooses among all samples (the paper's ablation
 * without selection on the clients). The centre of a group is its candidate's point. A client sends as many centroids
 * as it has samples; the server's {@code maxCentroids} limits them, and the server's cost may grow with their square.
 * Time and memory O(n d). Immutable, safe for many threads.
 */
public final class SingleSelector implements CoresetSelector {
    @Override
    public String toString() {
        return "SingleSelector";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        if (candidates.size() == 0) {
            return Coreset.empty();
        }
        Points points = Finite.points(candidates);
        List<Group> groups = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            groups.add(new Group(i, points.point(i), new int[] {i}));
        }
        return new Coreset(groups);
    }
}
