package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.internal.RoleText;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Server-side optimizers: the difference between the clients' mean and the global adapter, d = mean - x, is used as a
 * gradient. In round t = 1, 2, ... with at least one update, for each coordinate, with m = v = 0 at first:
 *
 * <ul>
 *   <li>FedAvgM: m = beta1 m + d, x += learningRate m
 *   <li>FedAdam: m = beta1 m + (1 - beta1) d, v = beta2 v + (1 - beta2) d², x += learningRate c m / (sqrt v + tau)
 *   with c = sqrt(1 - beta2<sup>t + 1</sup>) / (1 - beta1<sup>t + 1</sup>)
 *   <li>FedYogi: m as in FedAdam, v -= (1 - beta2) d² sign(v - d²), x += learningRate m / (sqrt v + tau)
 *   <li>FedAdagrad: v += d², x += learningRate d / (sqrt v + tau)
 * </ul>
 *
 * <p>These are the formulas of Flower. Algorithm 2 of the paper has no c, starts with v of at least tau², and uses
 * beta1 and m in FedAdagrad too, where here m = d.
 *
 * <p>The mean is {@link FedAvg#bySamples} unless another rule is set, such as a robust one; its requirements and its
 * robustness then apply. m and v are floats and form the {@link Aggregation#state}, together with t, the name of the
 * rule and the state of the inner rule: 4 or 8 bytes per parameter in addition to the inner rule's memory. Works on A and B directly, so it
 * cannot be used with clients of different ranks or with {@link ExactLoraAveraging}.
 *
 * <p>Immutable, safe for many threads and servers if the inner rule is; each aggregation for one thread.
 *
 * @see <a href="https://arxiv.org/abs/2003.00295">Reddi et al. 2021, algorithm 2</a>
 * @see <a href="https://arxiv.org/abs/1909.06335">Hsu et al. 2019, FedAvgM</a>
 */
public final class FedOpt implements Aggregator {
    private static final String STEP = "step";
    private static final String INNER = "inner.";
    /** Before the title of the rule that left a state: the states of FedAdam and FedYogi have the same shapes. */
    private static final String RULE = "rule.";
    /** Largest step number that a float can count; later steps use its bias correction. */
    private static final int MOST_STEPS = 1 << 24;

    private enum Kind {
        FED_AVG_M("FedAvgM", true, false),
        FED_ADAM("FedAdam", true, true),
        FED_YOGI("FedYogi", true, true),
        FED_ADAGRAD("FedAdagrad", false, true);

        private final String title;
        private final boolean momentum;
        private final boolean variance;

        Kind(String title, boolean momentum, boolean variance) {
            this.title = title;
            this.momentum = momentum;
            this.variance = variance;
        }

        private boolean usesBeta2() {
            return momentum && variance;
        }
    }

    private final Kind kind;
    private final double learningRate;
    private final double beta1;
    private final double beta2;
    private final double tau;
    private final Aggregator mean;

    private FedOpt(Builder builder) {
        kind = builder.kind;
        learningRate = builder.learningRate;
        beta1 = builder.beta1;
        beta2 = builder.beta2;
        tau = builder.tau;
        mean = builder.mean;
    }

    /** Momentum (FedAvgM); learning rate 1 by default. */
    public static Builder fedAvgM() {
        return new Builder(Kind.FED_AVG_M).learningRate(1);
    }

    /** Adam (FedAdam). */
    public static Builder fedAdam() {
        return new Builder(Kind.FED_ADAM);
    }

    /** Yogi (FedYogi): step sizes grow more slowly than Adam's when updates become small. */
    public static Builder fedYogi() {
        return new Builder(Kind.FED_YOGI);
    }

    /** Adagrad (FedAdagrad): step sizes only decrease. */
    public static Builder fedAdagrad() {
        return new Builder(Kind.FED_ADAGRAD);
    }

    @Override
    public Optional<String> refusal(Adapter globalAdapter, Adapter update) {
        return globalAdapter.differenceInForm(update).or(() -> mean.refusal(globalAdapter, update));
    }

    @Override
    public int leastUpdates() {
        return mean.leastUpdates();
    }

    @Override
    public OptionalInt greatestWeight() {
        return mean.greatestWeight();
    }

    @Override
    public List<ClientId> clients(List<ClientId> registered, List<ClientId> sampled, RoundContext round) {
        return mean.clients(registered, sampled, round);
    }

    @Override
    public boolean changesWithoutUpdates() {
        return mean.changesWithoutUpdates();
    }

    /** The rule whose mean the step is made from. */
    public Aggregator mean() {
        return mean;
    }

    /** The state of the inner rule, with tensors named {@code inner.NAME}. */
    private static Adapter innerState(Adapter state) {
        Map<String, Tensor> inner = new TreeMap<>();
        state.tensors().forEach((name, tensor) -> {
            if (name.startsWith(INNER)) {
                inner.put(name.substring(INNER.length()), tensor);
            }
        });
        return new Adapter(inner);
    }

    /** The other tensors: {@code rule.TITLE}, {@code step}, {@code m.NAME}, {@code v.NAME}. */
    private static Adapter ownState(Adapter state) {
        Map<String, Tensor> own = new TreeMap<>(state.tensors());
        own.keySet().removeIf(name -> name.startsWith(INNER));
        return new Adapter(own);
    }

    @Override
    public void checkState(Adapter globalAdapter, Adapter state) {
        Adapter own = ownState(state);
        if (!own.isEmpty()) {
            checkRule(own);
            Tensor step = own.tensors().get(STEP);
            if (step == null || step.size() != 1 || !isStep(step.get(0))) {
                throw fault("it must have a step from 1 to " + MOST_STEPS);
            }
            own.tensors().forEach(this::check);
            formOf(globalAdapter).differenceInForm(own).ifPresent(difference -> {
                throw fault("it is not of this run's adapter: " + difference
                        + "; restore the state that was saved with the adapter");
            });
        }
        mean.checkState(globalAdapter, innerState(state));
    }

    private void checkRule(Adapter own) {
        String mine = RULE + kind.title;
        for (String name : own.tensors().keySet()) {
            if (name.startsWith(RULE) && !name.equals(mine)) {
                throw fault("it is of " + name.substring(RULE.length())
                        + ", whose numbers mean something else; restore it with that rule, or start a new run");
            }
        }
        if (!own.tensors().containsKey(mine)) {
            throw fault("it does not say which rule left it: tensor " + mine
                    + " is missing; restore a state that this rule has saved, or start a new run");
        }
    }

    private void check(String name, Tensor tensor) {
        boolean known = name.equals(STEP)
                || name.equals(RULE + kind.title)
                || (kind.momentum && name.startsWith("m."))
                || (kind.variance && name.startsWith("v."));
        if (!known) {
            throw fault("tensor " + name + " is not its own");
        }
        if (tensor.firstNonFinite() >= 0) {
            throw fault("tensor " + name + " holds NaN or infinity");
        }
        for (int i = 0; name.startsWith("v.") && i < tensor.size(); i++) {
            if (tensor.get(i) < 0) {
                throw fault("tensor " + name + " is a mean of squares, but holds " + tensor.get(i));
            }
        }
    }

    private static boolean isStep(float t) {
        return t >= 1 && t <= MOST_STEPS && t == Math.rint(t);
    }

    private IllegalArgumentException fault(String what) {
        return new IllegalArgumentException("no state of " + this + ": " + what);
    }

    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        Aggregation averaging = RuleRound.given(mean.open(round, innerState(state)), mean, "an Aggregation from open");
        return new RuleRound(this, round.globalAdapter(), state) {
            @Override
            void add(AdapterUpdate update) {
                pass(update, mean, averaging);
            }

            @Override
            Adapter next() {
                Adapter average = given(averaging.finish(), mean, "an Adapter from finish");
                Map<String, Tensor> after = new TreeMap<>();
                Adapter next = step(global, average, state.tensors(), after);
                finite(new Adapter(after));
                given(averaging.state(), mean, "an Adapter from state")
                        .tensors()
                        .forEach((name, tensor) -> after.put(INNER + name, tensor));
                nextState = new Adapter(after);
                return next;
            }
        };
    }

    /** The names and shapes of this rule's own state for an adapter. */
    private Adapter formOf(Adapter adapter) {
        Map<String, Tensor> tensors = new TreeMap<>();
        tensors.put(RULE + kind.title, new Tensor(new int[] {1}, new float[1]));
        tensors.put(STEP, new Tensor(new int[] {1}, new float[1]));
        adapter.tensors().forEach((name, tensor) -> put(tensors, name, tensor, tensor));
        return new Adapter(tensors);
    }

    private void put(Map<String, Tensor> state, String name, Tensor m, Tensor v) {
        if (kind.momentum) {
            state.put("m." + name, m);
        }
        if (kind.variance) {
            state.put("v." + name, v);
        }
    }

    /** Computes the next adapter and stores the own state after the step. */
    private Adapter step(Adapter global, Adapter average, Map<String, Tensor> before, Map<String, Tensor> after) {
        Tensor last = before.get(STEP);
        int t = last == null ? 1 : Math.min(MOST_STEPS, (int) last.get(0) + 1);
        double correction =
                kind == Kind.FED_ADAM ? Math.sqrt(1 - Math.pow(beta2, t + 1)) / (1 - Math.pow(beta1, t + 1)) : 1;
        after.put(RULE + kind.title, new Tensor(new int[] {1}, new float[1]));
        after.put(STEP, new Tensor(new int[] {1}, new float[] {t}));
        return Coordinatewise.map(global, (name, x) -> {
            float[] values = Coordinatewise.tensor(average, name).toArray();
            float[] m = start(before.get("m." + name), x.size());
            float[] v = start(before.get("v." + name), x.size());
            for (int i = 0; i < values.length; i++) {
                double d = (double) values[i] - x.get(i);
                advance(m, v, i, d);
                double direction = kind.variance ? m[i] / (Math.sqrt(v[i]) + tau) : m[i];
                values[i] = (float) (x.get(i) + learningRate * correction * direction);
            }
            put(after, name, new Tensor(x.shape(), m), new Tensor(x.shape(), v));
            return new Tensor(x.shape(), values);
        });
    }

    private static float[] start(@Nullable Tensor saved, int size) {
        return saved == null ? new float[size] : saved.toArray();
    }

    private void advance(float[] m, float[] v, int i, double d) {
        double square = d * d;
        switch (kind) {
            case FED_AVG_M -> m[i] = (float) (beta1 * m[i] + d);
            case FED_ADAM -> {
                m[i] = (float) (beta1 * m[i] + (1 - beta1) * d);
                v[i] = (float) (beta2 * v[i] + (1 - beta2) * square);
            }
            case FED_YOGI -> {
                m[i] = (float) (beta1 * m[i] + (1 - beta1) * d);
                v[i] = (float) (v[i] - (1 - beta2) * square * Math.signum(v[i] - square));
            }
            case FED_ADAGRAD -> {
                m[i] = (float) d;
                v[i] = (float) (v[i] + square);
            }
        }
    }

    @Override
    public String toString() {
        return kind.title + "[learning rate " + learningRate + (kind.momentum ? ", beta1 " + beta1 : "")
                + (kind.usesBeta2() ? ", beta2 " + beta2 : "") + (kind.variance ? ", tau " + tau : "")
                + ", " + RoleText.of(mean)
                + "]";
    }

    /** The settings of a rule; a setting that the rule does not have is refused. Not safe for many threads. */
    public static final class Builder {
        private final Kind kind;
        private double learningRate = 0.01;
        private double beta1 = 0.9;
        private double beta2 = 0.99;
        private double tau = 1e-3;
        private Aggregator mean = FedAvg.bySamples();

        private Builder(Kind kind) {
            this.kind = kind;
        }

        /** Learning rate, finite and above 0; 1 for FedAvgM, otherwise 0.01 by default. */
        public Builder learningRate(double learningRate) {
            this.learningRate = Settings.positive("learningRate", learningRate);
            return this;
        }

        /** Decay of the momentum per round (beta1), 0 or more and below 1; 0.9 by default. Not for FedAdagrad. */
        public Builder beta1(double beta1) {
            this.beta1 = decay("beta1", kind.momentum, beta1);
            return this;
        }

        /**
         * Decay of the mean of squares per round (beta2), 0 or more and below 1; 0.99 by default. For FedAdam and
         * FedYogi.
         */
        public Builder beta2(double beta2) {
            this.beta2 = decay("beta2", kind.usesBeta2(), beta2);
            return this;
        }

        private double decay(String name, boolean used, double decay) {
            requireUse(name, used);
            if (!(decay >= 0 && decay < 1)) {
                throw new IllegalArgumentException(name + " must be 0 or more and below 1, was " + decay);
            }
            return decay;
        }

        /**
         * Constant added to the square root (tau), finite and above 0; 1e-3 by default. Larger values are less
         * adaptive. Not for FedAvgM.
         */
        public Builder tau(double tau) {
            requireUse("tau", kind.variance);
            this.tau = Settings.positive("tau", tau);
            return this;
        }

        private void requireUse(String name, boolean used) {
            if (!used) {
                throw new IllegalArgumentException(kind.title + " has no " + name);
            }
        }

        /**
         * The inner rule that combines the clients' adapters; {@link FedAvg#bySamples} by default. Its result must be
         * comparable with the global adapter number by number: if no client changed anything, it must equal the global
         * adapter.
         *
         * @throws IllegalArgumentException for {@link ExactLoraAveraging}, alone or in {@link NormClipping}: it writes
         *     A and B in another basis, so d would not be zero if no client changed anything
         */
        public Builder mean(Aggregator mean) {
            Objects.requireNonNull(mean, "mean");
            if (NormClipping.unclipped(mean) instanceof ExactLoraAveraging) {
                throw new IllegalArgumentException(kind.title + " takes mean - x for a gradient, but " + mean
                        + " gives factors in another basis than x's; use that rule without FedOpt, or a mean of factors"
                        + " such as FedAvg or TrimmedMean");
            }
            this.mean = mean;
            return this;
        }

        /** Creates the aggregator. */
        public FedOpt build() {
            return new FedOpt(this);
        }
    }
}
