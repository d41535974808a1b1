package io.github.fedhds.selection;

import io.github.fedhds.RoundContext;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Chooses every candidate: on a client training on all its data, on the server taking all groups. One group holds them
 * all; its centre is the origin, for the points are never looked at. Time and memory O(n). Immutable, safe for many
 * threads.
 */
public final class EverySelector implements CoresetSelector {
    private final int dimensions;

    /** With centres of 2 coordinates, which a server takes by default. */
    public EverySelector() {
        this(2);
    }

    /**
     * With centres of this many coordinates.
     *
     * @param dimensions as many as the server's setting of that name says, 1 or more
     */
    public EverySelector(int dimensions) {
        if (dimensions < 1) {
            throw new IllegalArgumentException("dimensions must be 1 or more, was " + dimensions);
        }
        this.dimensions = dimensions;
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        int n = candidates.size();
        if (n == 0) {
            return Coreset.empty();
        }
        int[] all = IntStream.range(0, n).toArray();
        return new Coreset(List.of(new Group(0, new double[dimensions], all, n)));
    }
}
