package io.github.fedhds.examples.paper;

import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/** How far two selections of the same candidates agree. */
final class RandIndex {
    private RandIndex() {}

    /**
     * The adjusted Rand index of two groupings: 1 if they are equal, about 0 if they agree by chance only. A candidate in no
     * group counts as a group of its own.
     *
     * @see <a href="https://doi.org/10.1007/BF01908075">Hubert, Arabie 1985</a>
     */
    static double adjusted(Coreset one, Coreset other, int candidates) {
        int[] a = labels(one, candidates);
        int[] b = labels(other, candidates);
        double both = 0;
        double inA = 0;
        double inB = 0;
        double all = 0;
        for (int i = 0; i < candidates; i++) {
            for (int j = 0; j < i; j++) {
                boolean sameA = a[i] == a[j];
                boolean sameB = b[i] == b[j];
                both += sameA && sameB ? 1 : 0;
                inA += sameA ? 1 : 0;
                inB += sameB ? 1 : 0;
                all++;
            }
        }
        double expected = all == 0 ? 0 : inA * inB / all;
        double most = (inA + inB) / 2;
        return most == expected ? 1 : (both - expected) / (most - expected);
    }

    /** Candidates that both selections choose, as a share of those that either does; 1 if neither chooses any. */
    static double jaccard(Coreset one, Coreset other) {
        Set<Integer> chosen = chosen(one);
        Set<Integer> either = new HashSet<>(chosen);
        Set<Integer> second = chosen(other);
        either.addAll(second);
        chosen.retainAll(second);
        return either.isEmpty() ? 1 : (double) chosen.size() / either.size();
    }

    private static Set<Integer> chosen(Coreset coreset) {
        Set<Integer> chosen = new HashSet<>();
        for (Group group : coreset.groups()) {
            Arrays.stream(group.representatives()).forEach(chosen::add);
        }
        return chosen;
    }

    private static int[] labels(Coreset coreset, int candidates) {
        int[] labels = new int[candidates];
        Arrays.setAll(labels, i -> -1 - i);
        for (Group group : coreset.groups()) {
            for (int member : group.members()) {
                labels[member] = group.id();
            }
        }
        return labels;
    }
}
