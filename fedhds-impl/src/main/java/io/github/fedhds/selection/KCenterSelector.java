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
import java.util.stream.IntStream;

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
 * <p>Outliers, also faulty data, are chosen early, unless distances are {@linkplain #withDensity weighted by density};
 * {@link WardSelector} follows the density of the candidates too. Duplicate candidates count once, so there may be fewer
 * groups than requested. Ties go to the first candidate. Time O(n (k + m) d) with m points of earlier rounds, memory O(n);
 * with densities also time O(n² (d + log n)), memory O(n d). The seed is used for a {@linkplain #withRandomStart random
 * start} only. Immutable, safe for many threads.
 *
 * @see <a href="https://doi.org/10.1016/0304-3975(85)90224-5">Gonzalez 1985: Clustering to minimize the maximum
 *     intercluster distance</a>
 */
public final class KCenterSelector implements CoresetSelector {
    private static final int NEIGHBOURS = 10;

    private final ToIntFunction<Candidates> count;
    private final String description;
    private final Metric metric;
    private final boolean randomStart;
    private final boolean perClient;

    /** How far a candidate is: Euclidean or by angle, multiplied by a power of its density. */
    private record Metric(boolean cosine, double power, int neighbours) {
        private static final Metric EUCLIDEAN = new Metric(false, 0, NEIGHBOURS);

        @Override
        public String toString() {
            return (cosine ? ", cosine" : "") + (power > 0 ? ", density^" + power + " of " + neighbours : "");
        }

        Points place(Points points) {
            return cosine ? Nearness.unitLength(points) : points;
        }
    }

    private KCenterSelector(
            ToIntFunction<Candidates> count,
            String description,
            Metric metric,
            boolean randomStart,
            boolean perClient) {
        this.count = count;
        this.description = description;
        this.metric = metric;
        this.randomStart = randomStart;
        this.perClient = perClient;
    }

    private KCenterSelector(ToIntFunction<Candidates> count, String description) {
        this(count, description, Metric.EUCLIDEAN, false, false);
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

    /** {@link #withDensity(double, int)} with 10 neighbours. */
    public KCenterSelector withDensity(double power) {
        return withDensity(power, NEIGHBOURS);
    }

    /**
     * This selector with distances weighted by local density, so that isolated candidates are not the farthest. The distance
     * of a candidate to the chosen ones is multiplied by a power of its density: the inverse of its mean distance to its
     * nearest neighbours among the candidates. The choice does not depend on the points' scale. A density counts as at most
     * 100 times the median's, so duplicates are not infinitely dense.
     *
     * @param power 0 (no weight) to 1; 0.5 in NovelSum. At 1 a candidate far from all others counts as no farther than one
     *     inside a cluster; below 1 a sufficiently far one is still chosen early
     * @param neighbours number of neighbours, 1 or more; all if there are fewer. Groups of fewer candidates count as isolated
     * @see <a href="https://arxiv.org/abs/2502.17184">Yang et al. 2025: Measuring data diversity for instruction tuning</a>
     */
    public KCenterSelector withDensity(double power, int neighbours) {
        if (!(power >= 0 && power <= 1)) {
            throw new IllegalArgumentException("power of the density must be 0 to 1, was " + power);
        }
        if (neighbours < 1) {
            throw new IllegalArgumentException("neighbours must be 1 or more, was " + neighbours);
        }
        return new KCenterSelector(
                count, description, new Metric(metric.cosine(), power, neighbours), randomStart, perClient);
    }

    /**
     * This selector with distances by angle: all points are scaled to unit length, where the largest distance is the lowest
     * cosine similarity. A point at the origin stays there. Centres of groups stay as they are.
     */
    public KCenterSelector withCosine() {
        Metric cosine = new Metric(true, metric.power(), metric.neighbours());
        return new KCenterSelector(count, description, cosine, randomStart, perClient);
    }

    /**
     * This selector with a first candidate at random, from the round's random stream "selection", instead of the one nearest
     * to the mean.
     */
    public KCenterSelector withRandomStart() {
        return new KCenterSelector(count, description, metric, true, perClient);
    }

    /**
     * This selector with a limit for each {@linkplain Candidates#owners client}: its part of the count by its number of samples,
     * rounded up; an equal part where no client's number is known. Without a limit, clients whose data are unlike the
     * others' get most of the choice, and train many steps while others train none. If the clients have too few candidates
     * for the count within the limits, the limits are raised by one until the count is reached.
     */
    public KCenterSelector withClientLimits() {
        return new KCenterSelector(count, description, metric, randomStart, true);
    }

    @Override
    public String toString() {
        return "KCenterSelector[" + description + metric + (randomStart ? ", random start" : "")
                + (perClient ? ", client limits" : "") + "]";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        int n = candidates.size();
        int k = count.applyAsInt(candidates);
        if (k == 0) {
            return Coreset.empty();
        }
        Points given = Finite.points(candidates);
        Points points = metric.place(given);
        double[] factors = Density.factors(points, points, metric.neighbours(), metric.power());
        double[] distance = new double[n];
        int[] nearest = new int[n];
        Arrays.fill(distance, Double.POSITIVE_INFINITY);
        List<Integer> chosen = new ArrayList<>();
        double[] before = fromEarlier(points, metric.place(candidates.earlier()));
        boolean remembers = candidates.earlier().size() > 0 && max(before) > 0;
        int[] owners = candidates.owners();
        int[] left = perClient ? limits(candidates, k) : new int[candidates.clients()];
        if (!perClient) {
            Arrays.fill(left, n);
        }
        while (chosen.size() < k && max(distance) > 0) {
            double[] both = new double[n];
            boolean memory = remembers;
            Arrays.setAll(both, i -> memory ? Math.min(distance[i], before[i]) : distance[i]);
            if (max(both) == 0) {
                remembers = false; // nothing is new any more
                continue;
            }
            for (int i = 0; i < n; i++) {
                both[i] = left[owners[i]] > 0 ? both[i] : -1;
            }
            if (max(both) <= 0) {
                Arrays.setAll(left, client -> left[client] + 1);
                continue;
            }
            Arrays.setAll(both, i -> both[i] * factors[i]);
            int next = chosen.isEmpty() && !remembers ? first(points, round) : farthest(both);
            for (int i = 0; i < n; i++) {
                double fresh = i == next ? 0 : Nearness.distance(points, i, points.point(next));
                if (fresh < distance[i]) {
                    distance[i] = fresh;
                    nearest[i] = chosen.size();
                }
            }
            left[owners[next]]--;
            chosen.add(next);
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
            groups.add(new Group(id, given.point(centre), members));
        }
        return new Coreset(groups);
    }

    private int first(Points points, RoundContext round) {
        return randomStart
                ? round.random("selection").nextInt(points.size())
                : Nearness.order(points, all(points.size()), Nearness.mean(points, all(points.size())))[0];
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

    /** Part of the count of each client, at least one. */
    private static int[] limits(Candidates candidates, int count) {
        int[] limits = new int[candidates.clients()];
        double all = candidates.samples();
        Arrays.setAll(limits, client -> {
            double part = all > 0 ? candidates.samplesOf(client) / all : 1.0 / limits.length;
            return Math.max(1, (int) Math.ceil(count * part * (1 - 1e-12)));
        });
        return limits;
    }

    /** The first of the largest distances, by more than rounding, so that it does not choose among equals. */
    private static int farthest(double[] distance) {
        int next = 0;
        for (int i = 1; i < distance.length; i++) {
            if (distance[i] > distance[next] * (1 + 1e-9)) {
                next = i;
            }
        }
        return next;
    }

    private static double max(double[] values) {
        return Arrays.stream(values).max().orElse(0);
    }

    private static int[] all(int n) {
        return IntStream.range(0, n).toArray();
    }
}
