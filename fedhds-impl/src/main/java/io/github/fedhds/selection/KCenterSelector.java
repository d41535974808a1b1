package io.github.fedhds.selection;

import com.google.common.primitives.Ints;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Greedy k-center selection: takes the candidate nearest to the mean, then repeatedly the candidate that is farthest
 * from all chosen ones. The largest distance of a candidate to the nearest chosen one is at most twice the optimum.
 * Each chosen candidate is the centre of a group; every other candidate is in the group of its nearest centre, ordered
 * by distance.
 *
 * <p>Points that a server has chosen in {@linkplain Candidates#earlier earlier rounds} count as chosen, so the first
 * candidate is then the one that is farthest from them. When no candidate differs from all of them any more, they are
 * left out of account for the rest of the choice.
 *
 * <p>Outliers, also faulty data, are chosen early. {@link WardSelector} follows the density of the candidates instead.
 * Duplicate candidates count once, so there may be fewer groups than requested. Ties go to the first candidate. Time
 * O(n (k + m) d) with m points of earlier rounds, memory O(n); the seed is not used. Immutable, safe for many threads.
 *
 * @see <a href="https://doi.org/10.1016/0304-3975(85)90224-5">Gonzalez 1985: Clustering to minimize the maximum
 *     intercluster distance</a>
 */
public final class KCenterSelector implements CoresetSelector {
    private final ToIntFunction<Candidates> count;
    private final String description;

    private KCenterSelector(ToIntFunction<Candidates> count, String description) {
        this.count = count;
        this.description = description;
    }

    /**
     * Chooses a number of candidates; all if there are fewer.
     *
     * @param count 0 or more
     */
    public static KCenterSelector count(int count) {
        Amount amount = Amount.ofCount(count);
        return new KCenterSelector(candidates -> amount.of(candidates.size()), amount.toString());
    }

    /**
     * Chooses a share: {@code (int) (share * n)} of n candidates, at least one.
     *
     * @param share above 0, at most 1
     */
    public static KCenterSelector share(double share) {
        Amount amount = Amount.ofShare(share);
        return new KCenterSelector(candidates -> amount.of(candidates.size()), amount.toString());
    }

    /**
     * Chooses a number of candidates that is a share of the {@linkplain Candidates#samples samples} that they
     * represent, at least one. On the server, if clients send one sample per group, this is a share of all data of the
     * clients that have reported. Fewer are chosen if the clients found fewer groups.
     *
     * @param share above 0, at most 1
     */
    public static KCenterSelector shareOfSamples(double share) {
        Amount amount = Amount.ofShare(share);
        return new KCenterSelector(
                candidates -> {
                    if (candidates.samples() == 0 && candidates.size() > 0) {
                        throw new IllegalStateException(
                                "a share of the samples needs to know how many there are, and no client"
                                        + " said how many it holds (CentroidReport.samples); use KCenterSelector.count");
                    }
                    return Math.min(candidates.size(), amount.of(Ints.saturatedCast(candidates.samples())));
                },
                "shareOfSamples=" + share);
    }

    @Override
    public String toString() {
        return "KCenterSelector[" + description + "]";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        int n = candidates.size();
        int k = count.applyAsInt(candidates);
        if (k == 0) {
            return Coreset.empty();
        }
        Points points = Finite.points(candidates);
        double[] distance = new double[n];
        int[] nearest = new int[n];
        Arrays.fill(distance, Double.POSITIVE_INFINITY);
        List<Integer> chosen = new ArrayList<>();
        double[] before = fromEarlier(points, candidates.earlier());
        boolean remembers = candidates.earlier().size() > 0 && before[farthest(before)] > 0;
        int next = remembers ? farthest(before) : Nearness.order(points, all(n), Nearness.mean(points, all(n)))[0];
        while (chosen.size() < k && distance[next] > 0) {
            for (int i = 0; i < n; i++) {
                double fresh = i == next ? 0 : Nearness.distance(points, i, points.point(next));
                if (fresh < distance[i]) {
                    distance[i] = fresh;
                    nearest[i] = chosen.size();
                }
            }
            chosen.add(next);
            next = farthest(distance);
            if (remembers) {
                double[] both = new double[n];
                Arrays.setAll(both, i -> Math.min(distance[i], before[i]));
                int newest = farthest(both);
                remembers = both[newest] > 0;
                next = remembers ? newest : next;
            }
        }
        List<Group> groups = new ArrayList<>();
        for (int id = 0; id < chosen.size(); id++) {
            int group = id;
            int centre = chosen.get(id);
            int[] others = Nearness.order(
                    points,
                    Arrays.stream(all(n))
                            .filter(i -> i != centre && nearest[i] == group)
                            .toArray(),
                    points.point(centre));
            int[] members = new int[others.length + 1]; // itself first, before any that coincide
            members[0] = centre;
            System.arraycopy(others, 0, members, 1, others.length);
            groups.add(new Group(id, points.point(centre), members));
        }
        return new Coreset(groups);
    }

    /** Distance of each point to the nearest of earlier rounds. */
    private static double[] fromEarlier(Points points, Points earlier) {
        double[] distance = new double[points.size()];
        Arrays.fill(distance, Double.POSITIVE_INFINITY);
        for (int e = 0; e < earlier.size(); e++) {
            double[] point = earlier.point(e);
            for (int i = 0; i < distance.length; i++) {
                distance[i] = Math.min(distance[i], Nearness.distance(points, i, point));
            }
        }
        return distance;
    }

    /** The first of the largest, by more than rounding, so that it does not choose among equals. */
    private static int farthest(double[] distance) {
        int next = 0;
        for (int i = 1; i < distance.length; i++) {
            if (distance[i] > distance[next] * (1 + 1e-9)) {
                next = i;
            }
        }
        return next;
    }

    private static int[] all(int n) {
        int[] all = new int[n];
        Arrays.setAll(all, i -> i);
        return all;
    }
}
