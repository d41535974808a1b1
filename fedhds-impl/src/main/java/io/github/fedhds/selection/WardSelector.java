package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Divides all candidates into a given number of groups by Ward's method: starts with groups of one and repeatedly
 * merges the two groups whose union adds least to the sum of squared distances from the groups' means. The member
 * nearest to its group's mean represents it. There is no noise. The number of groups is exactly as requested, unless
 * there are fewer distinct candidates: duplicates are always in one group.
 *
 * <p>Time O(n² d), memory O(n d). Ties go to the first candidates; the seed is not used. Immutable, safe for many
 * threads.
 *
 * @see <a href="https://doi.org/10.1080/01621459.1963.10500845">Ward 1963: Hierarchical grouping to optimize an
 *     objective function</a>
 * @see <a href="https://arxiv.org/abs/1109.2378">Müllner 2011, section 3.2</a>, for the nearest-neighbour chain
 */
public final class WardSelector implements CoresetSelector {
    private final Amount amount;

    private WardSelector(Amount amount) {
        this.amount = amount;
    }

    /**
     * Forms a number of groups; one per candidate if there are fewer.
     *
     * @param count 0 or more
     */
    public static WardSelector count(int count) {
        return new WardSelector(Amount.ofCount(count));
    }

    /**
     * Forms {@code (int) (share * n)} groups of n candidates, at least one.
     *
     * @param share above 0, at most 1
     */
    public static WardSelector share(double share) {
        return new WardSelector(Amount.ofShare(share));
    }

    /** Two groups, each identified by one of its candidates, and the cost of their union. */
    private record Merge(int first, int second, double cost) {}

    @Override
    public String toString() {
        return "WardSelector[" + amount + "]";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        int n = candidates.size();
        int k = amount.of(n);
        if (k == 0) {
            return Coreset.empty();
        }
        Points points = Finite.points(candidates);
        List<Merge> merges = merges(points);
        merges.sort(Comparator.comparingDouble(Merge::cost)); // stable: a union never comes before its parts
        int[] parent = new int[n];
        Arrays.setAll(parent, i -> i);
        for (int m = 0; m < merges.size() && (m < n - k || merges.get(m).cost() == 0); m++) {
            Merge merge = merges.get(m);
            int one = root(parent, merge.first());
            int other = root(parent, merge.second());
            parent[Math.max(one, other)] = Math.min(one, other);
        }
        Map<Integer, List<Integer>> members = new TreeMap<>(); // by the first member
        for (int i = 0; i < n; i++) {
            members.computeIfAbsent(root(parent, i), r -> new ArrayList<>()).add(i);
        }
        List<Group> groups = new ArrayList<>();
        for (List<Integer> list : members.values()) {
            int[] group = list.stream().mapToInt(Integer::intValue).toArray();
            double[] mean = Nearness.mean(points, group);
            groups.add(new Group(groups.size(), mean, Nearness.order(points, group, mean)));
        }
        return new Coreset(groups);
    }

    private static int root(int[] parent, int i) {
        int at = i;
        while (parent[at] != at) {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        return at;
    }

    /** All n - 1 merges, found along chains of nearest neighbours. */
    private static List<Merge> merges(Points points) {
        int n = points.size();
        double[][] means = new double[n][];
        Arrays.setAll(means, points::point);
        int[] sizes = new int[n]; // 0: has become part of another
        Arrays.fill(sizes, 1);
        List<Merge> merges = new ArrayList<>();
        int[] chain = new int[n];
        int length = 0;
        while (merges.size() < n - 1) {
            if (length == 0) {
                while (sizes[chain[0]] == 0) {
                    chain[0]++;
                }
                length = 1;
            }
            int tip = chain[length - 1];
            int nearest = length > 1 ? chain[length - 2] : -1; // on a tie back, or the chain might never end
            double least = nearest < 0 ? Double.POSITIVE_INFINITY : cost(means, sizes, tip, nearest);
            for (int i = 0; i < n; i++) {
                if (i != tip && sizes[i] > 0) {
                    double cost = cost(means, sizes, tip, i);
                    if (nearest < 0 || cost < least) {
                        nearest = i;
                        least = cost;
                    }
                }
            }
            if (length > 1 && nearest == chain[length - 2]) {
                merges.add(new Merge(tip, nearest, least));
                join(means, sizes, Math.min(tip, nearest), Math.max(tip, nearest));
                length -= 2;
                if (length == 0) {
                    chain[0] = 0;
                }
            } else {
                chain[length++] = nearest;
            }
        }
        return merges;
    }

    private static double cost(double[][] means, int[] sizes, int one, int other) {
        double sum = 0;
        for (int axis = 0; axis < means[one].length; axis++) {
            double difference = means[one][axis] - means[other][axis];
            sum += difference * difference;
        }
        return sum * sizes[one] / (sizes[one] + sizes[other]) * sizes[other];
    }

    private static void join(double[][] means, int[] sizes, int into, int from) {
        double share = (double) sizes[from] / (sizes[into] + sizes[from]);
        for (int axis = 0; axis < means[into].length; axis++) {
            means[into][axis] += share * (means[from][axis] - means[into][axis]);
        }
        sizes[into] += sizes[from];
        sizes[from] = 0;
    }
}
