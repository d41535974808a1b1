package io.github.fedhds.aggregators;

import io.github.fedhds.message.AdapterUpdate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Squared Euclidean distances between whole adapters, and Krum's scores from them. Time O(n² d), once. */
final class Distances {
    private final double[][] squared;

    Distances(List<AdapterUpdate> updates) {
        int n = updates.size();
        squared = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                squared[i][j] =
                        updates.get(i).adapter().squaredDistance(updates.get(j).adapter());
                squared[j][i] = squared[i][j];
            }
        }
    }

    /**
     * The members in ascending order of score, the sum of their smallest squared distances to other members.
     *
     * @param nearest number of distances in the sum; at least one, if there is one
     * @return members; equal scores keep the members' order
     */
    List<Integer> byScore(List<Integer> members, int nearest) {
        double[] scores = new double[squared.length];
        for (int i : members) {
            double[] row = members.stream()
                    .filter(j -> j != i)
                    .mapToDouble(j -> squared[i][j])
                    .sorted()
                    .toArray();
            scores[i] = Arrays.stream(row, 0, Math.min(row.length, Math.max(1, nearest)))
                    .reduce(0, Double::sum);
        }
        List<Integer> order = new ArrayList<>(members);
        order.sort((i, j) -> Double.compare(scores[i], scores[j]));
        return order;
    }
}
