package io.github.fedhds.examples.report;

import java.util.ArrayList;
import java.util.List;

/**
 * Values by round, with as few points as a chart can show.
 *
 * @param rounds numbers of the rounds, ascending
 * @param values one for each round, finite
 */
record Series(List<Integer> rounds, List<Double> values) {
    Series {
        rounds = List.copyOf(rounds);
        values = List.copyOf(values);
    }

    boolean isEmpty() {
        return rounds.isEmpty();
    }

    /**
     * At most so many points: means of rounds that follow each other, each at its last round. The last point is the last
     * round's own.
     */
    Series thinned(int most) {
        int n = rounds.size();
        if (n <= most) {
            return this;
        }
        List<Integer> places = new ArrayList<>();
        List<Double> means = new ArrayList<>();
        for (int i = 0; i < most - 1; i++) {
            int from = (int) ((long) i * (n - 1) / (most - 1));
            int to = (int) ((long) (i + 1) * (n - 1) / (most - 1));
            double sum = 0;
            for (int k = from; k < to; k++) {
                sum += values.get(k);
            }
            places.add(rounds.get(to - 1));
            means.add(sum / (to - from));
        }
        places.add(rounds.get(n - 1));
        means.add(values.get(n - 1));
        return new Series(places, means);
    }
}
