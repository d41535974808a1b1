package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Small roles for tests, as classes of a user's own; each result can be worked out by hand. */
final class Roles {
    private Roles() {}

    /** An adapter of two values. */
    static Adapter adapter(float... values) {
        return new Adapter(Map.of("w", new Tensor(new int[] {values.length}, values)));
    }

    static float[] values(Adapter adapter) {
        return adapter.tensors().values().iterator().next().toArray();
    }

    /** Features: the lengths of instruction and output. */
    static final class Lengths implements FeatureExtractor {
        @Override
        public FeatureMatrix extract(List<Instruction> instructions, RoundContext round) {
            float[] values = new float[2 * instructions.size()];
            for (int i = 0; i < instructions.size(); i++) {
                values[2 * i] = instructions.get(i).instruction().length();
                values[2 * i + 1] = instructions.get(i).output().length();
            }
            return new FeatureMatrix(instructions.size(), 1, 2, values);
        }
    }

    static Points asPoints(FeatureMatrix features, RoundContext round) {
        double[] values = new double[features.rows() * features.columns()];
        float[] floats = features.toArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = floats[i];
        }
        return new Points(features.rows(), features.columns(), values);
    }

    /** Groups candidates whose first coordinate is equal, in order of appearance; the first member stands for it. */
    static final class FirstCoordinate implements CoresetSelector {
        @Override
        public Coreset select(Candidates candidates, RoundContext round) {
            Points points = candidates.points();
            List<Group> groups = new ArrayList<>();
            boolean[] taken = new boolean[points.size()];
            for (int i = 0; i < points.size(); i++) {
                if (!taken[i]) {
                    List<Integer> members = new ArrayList<>();
                    for (int j = i; j < points.size(); j++) {
                        if (points.get(j, 0) == points.get(i, 0)) {
                            members.add(j);
                            taken[j] = true;
                        }
                    }
                    groups.add(new Group(
                            groups.size(),
                            points.point(i),
                            members.stream().mapToInt(m -> m).toArray()));
                }
            }
            return new Coreset(groups);
        }
    }

    /** Adds the number of instructions to every value. */
    static final class AddCount implements LocalTrainer {
        @Override
        public TrainingResult train(List<Instruction> instructions, RoundContext round) {
            float[] values = values(round.globalAdapter());
            for (int i = 0; i < values.length; i++) {
                values[i] += instructions.size();
            }
            return new TrainingResult(adapter(values), instructions.size(), new double[] {instructions.size()});
        }
    }

    /** The largest value of each place: any order gives the same. */
    static final class Largest implements Aggregator {
        @Override
        public Aggregation open(RoundContext round, Adapter state) {
            return new Aggregation() {
                private Adapter largest = round.globalAdapter();

                @Override
                public void accept(AdapterUpdate update) {
                    float[] values = values(largest);
                    float[] theirs = values(update.adapter());
                    for (int i = 0; i < values.length; i++) {
                        values[i] = Math.max(values[i], theirs[i]);
                    }
                    largest = adapter(values);
                }

                @Override
                public Adapter finish() {
                    return largest;
                }
            };
        }
    }

    /** The mean by samples, exact until one rounding: any order gives the same bits, and a second count shows. */
    static final class Mean implements Aggregator {
        @Override
        public Aggregation open(RoundContext round, Adapter state) {
            return new Aggregation() {
                private final BigDecimal[] sums = new BigDecimal[values(round.globalAdapter()).length];
                private long weight;

                @Override
                public void accept(AdapterUpdate update) {
                    float[] theirs = values(update.adapter());
                    for (int i = 0; i < theirs.length; i++) {
                        BigDecimal term = new BigDecimal(theirs[i]).multiply(BigDecimal.valueOf(update.samples()));
                        sums[i] = weight == 0 ? term : sums[i].add(term);
                    }
                    weight += update.samples();
                }

                @Override
                public Adapter finish() {
                    float[] means = new float[sums.length];
                    for (int i = 0; i < means.length; i++) {
                        means[i] = sums[i].divide(BigDecimal.valueOf(weight), MathContext.DECIMAL128)
                                .floatValue();
                    }
                    return adapter(means);
                }
            };
        }
    }

    /** The mean, with half of the last round's move besides: a rule with a state. */
    static final class Momentum implements Aggregator {
        @Override
        public Aggregation open(RoundContext round, Adapter state) {
            Aggregation mean = new Mean().open(round, Adapter.empty());
            float[] global = values(round.globalAdapter());
            return new Aggregation() {
                private Adapter velocity = state;

                @Override
                public void accept(AdapterUpdate update) {
                    mean.accept(update);
                }

                @Override
                public Adapter finish() {
                    float[] means = values(mean.finish());
                    float[] moves = velocity.isEmpty() ? new float[global.length] : values(velocity);
                    float[] next = new float[global.length];
                    for (int i = 0; i < next.length; i++) {
                        moves[i] = 0.5f * moves[i] + (means[i] - global[i]);
                        next[i] = global[i] + moves[i];
                    }
                    velocity = adapter(moves);
                    return adapter(next);
                }

                @Override
                public Adapter state() {
                    return velocity;
                }
            };
        }

        @Override
        public void checkState(Adapter globalAdapter, Adapter state) {
            if (!state.isEmpty()) {
                globalAdapter.differenceInForm(state).ifPresent(difference -> {
                    throw new IllegalArgumentException("no velocity of this adapter: " + difference);
                });
            }
        }
    }
}
