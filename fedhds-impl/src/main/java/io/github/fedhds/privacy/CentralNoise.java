package io.github.fedhds.privacy;

import io.github.fedhds.BudgetSpentException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Gaussian noise that the server adds to the sum of the clients' updates (central differential privacy): each difference between a
 * client's adapter and the round's global one is clipped to a norm, the sum is divided by the expected number of clients, noise is
 * added to every parameter, and the result is rounded to a grid. Clients have equal weight.
 *
 * <p>What is promised: the adapters after all rounds are (epsilon, delta) differentially private, and the record is a client's
 * contribution: with it or with nothing in its place they would have been about as likely. This protects from those who see adapters, not
 * from the server, which sees the clients' messages. It holds only if no client changes what the others train on: with a server that
 * takes all groups of each client ({@link io.github.fedhds.selection.EverySelector}, as {@code Selection.random}, {@code balanced} and
 * {@code everything} have), not with one that clusters the centroids of all. Below a probability of 1, epsilon is lower
 * because nobody knows who took part in a round; the clients of a round know that, since its opening names them, so for them
 * {@link #epsilonOfKnownSamples} holds.
 *
 * <p>The rule draws the clients of a round itself, in place of the server's sampler; a round may have none. The account is the
 * number of the round: each round is one release, also an abandoned one. When the budget does not suffice for
 * another round, opening it throws a {@link BudgetSpentException}. Do not go on from an earlier state of the server than its last: the
 * rounds since then would be released twice. Immutable, safe for many threads.
 *
 * @see <a href="https://arxiv.org/abs/1710.06963">McMahan et al. 2018: Learning differentially private recurrent language models</a>
 */
public final class CentralNoise implements Aggregator {
    /** A clipped difference is rounded, so it may be above the norm by less than this share. */
    private static final double ROUNDING = 1e-6;

    private final PrivacyBudget budget;
    private final double norm;
    private final double multiplier;
    private final double probability;
    private final int clients;
    private final NoiseSource source;

    private CentralNoise(
            PrivacyBudget budget, double norm, double multiplier, double probability, int clients, NoiseSource source) {
        if (!(multiplier > 0 && multiplier < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("multiplier of the noise must be above 0 and finite, was " + multiplier);
        }
        if (!(probability > 0 && probability <= 1)) {
            throw new IllegalArgumentException("probability must be above 0 and at most 1, was " + probability);
        }
        if (clients < 1) {
            throw new IllegalArgumentException("clients must be 1 or more, was " + clients);
        }
        if (!(norm > 0 && norm < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("norm must be above 0 and finite, was " + norm);
        }
        this.budget = Objects.requireNonNull(budget, "budget");
        this.norm = norm;
        this.multiplier = multiplier;
        this.probability = probability;
        this.clients = clients;
        this.source = Objects.requireNonNull(source, "source");
    }

    /**
     * Secret noise of a given strength.
     *
     * @param budget what all rounds may spend
     * @param norm greatest Euclidean norm of a client's difference over all parameters, above 0
     * @param multiplier standard deviation of each parameter's noise on the sum, by the norm; above 0
     * @param probability with which each client takes part in a round, above 0 and at most 1
     * @param clients number of registered clients
     * @throws IllegalArgumentException also if the budget does not suffice for one round
     */
    public static CentralNoise of(
            PrivacyBudget budget, double norm, double multiplier, double probability, int clients) {
        CentralNoise noise = new CentralNoise(budget, norm, multiplier, probability, clients, NoiseSource.secret());
        if (noise.isSpentBefore(1)) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "one round spends epsilon %.4g at delta %s, above the budget of %s; raise the multiplier of %s",
                    noise.epsilon(1),
                    budget.delta(),
                    budget.epsilon(),
                    multiplier));
        }
        return noise;
    }

    /** The least noise with which so many rounds stay in a budget. */
    public static CentralNoise spending(
            PrivacyBudget budget, double norm, double probability, int clients, int rounds) {
        if (rounds < 1) {
            throw new IllegalArgumentException("rounds must be 1 or more, was " + rounds);
        }
        double low = 0;
        double high = 1;
        while (new CentralNoise(budget, norm, high, probability, clients, NoiseSource.secret()).isSpentBefore(rounds)) {
            low = high;
            high *= 2;
        }
        while (high - low > 1e-9 * high) {
            double middle = (low + high) / 2;
            if (new CentralNoise(budget, norm, middle, probability, clients, NoiseSource.secret())
                    .isSpentBefore(rounds)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return of(budget, norm, high, probability, clients);
    }

    /** This noise from another source; from a {@link NoiseSource#repeatable} one it protects nothing. */
    public CentralNoise from(NoiseSource another) {
        return new CentralNoise(budget, norm, multiplier, probability, clients, another);
    }

    /** Whether nobody else can draw the same noise. */
    public boolean isSecret() {
        return source.isSecret();
    }

    /** What all rounds may spend. */
    public PrivacyBudget budget() {
        return budget;
    }

    /** Greatest norm of a client's difference. */
    public double norm() {
        return norm;
    }

    /** Number of clients that must be registered. */
    public int clients() {
        return clients;
    }

    /** Standard deviation of the noise on each parameter of the mean update. */
    public double deviation() {
        return multiplier * norm / (probability * clients);
    }

    /** What so many rounds spend at the budget's delta, for those who do not know which clients were in which round. */
    public double epsilon(int rounds) {
        double known = epsilonOfKnownSamples(rounds);
        return probability == 1
                ? known
                : Math.min(
                        known,
                        RenyiPrivacy.of(multiplier / (1 + ROUNDING), probability)
                                .times(rounds)
                                .epsilon(budget.delta()));
    }

    /** The same for those who know who took part in each round. */
    public double epsilonOfKnownSamples(int rounds) {
        return GaussianPrivacy.epsilon(Math.sqrt(rounds) * (1 + ROUNDING) / multiplier, budget.delta());
    }

    /** What so many rounds have spent. */
    public PrivacySpent spent(int rounds) {
        return new PrivacySpent(epsilon(rounds), budget.epsilon(), budget.delta(), isSecret());
    }

    private boolean isSpentBefore(int round) {
        return !(epsilon(round) <= budget.epsilon() * (1 + 1e-9));
    }

    private void check(RoundContext round) {
        if (isSpentBefore(round.round())) {
            throw new BudgetSpentException(String.format(
                    Locale.ROOT,
                    "round %d would bring epsilon to %.3f at delta %s, above the budget of %s. Raise the budget, or plan the noise for more"
                            + " rounds",
                    round.round(),
                    epsilon(round.round()),
                    budget.delta(),
                    budget.epsilon()));
        }
    }

    /** Draws each client independently with the probability, whatever the sampler has named. The run's seed has no part in it. */
    @Override
    public List<ClientId> clients(List<ClientId> registered, List<ClientId> sampled, RoundContext round) {
        if (registered.size() != clients) {
            throw new IllegalStateException("the noise is for " + clients + " clients, and " + registered.size()
                    + " are registered; the promise would not hold");
        }
        check(round);
        NoiseSource draws = source.forRelease("clients of round " + round.round());
        return registered.stream()
                .filter(client -> probability == 1 || draws.uniform() < probability)
                .toList();
    }

    /** A round without updates has noise too: otherwise its result would tell that there was none. */
    @Override
    public boolean changesWithoutUpdates() {
        return true;
    }

    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        checkState(round.globalAdapter(), state);
        check(round);
        return new NoisedSum(round.globalAdapter(), source.forRelease("sum of round " + round.round()));
    }

    /** Differences in whole multiples of a tiny share of the norm, so that their sum is exact in every order. */
    private final class NoisedSum implements Aggregation {
        private final Adapter global;
        private final NoiseSource noise;
        private final double step = norm * 0x1p-40;
        private final Map<String, long[]> sums = new LinkedHashMap<>();

        private NoisedSum(Adapter global, NoiseSource noise) {
            this.global = global;
            this.noise = noise;
            global.tensors().forEach((name, tensor) -> sums.put(name, new long[tensor.size()]));
        }

        @Override
        public void accept(AdapterUpdate update) {
            double length = Math.sqrt(global.squaredDistance(update.adapter()));
            double factor = (length > norm ? norm / length : 1) / step;
            sums.forEach((name, sum) -> {
                Tensor from = tensor(global, name);
                Tensor to = tensor(update.adapter(), name);
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += Math.round(factor * ((double) to.get(i) - from.get(i)));
                }
            });
        }

        @Override
        public Adapter finish() {
            double share = step / (probability * clients);
            Grid grid = Grid.of(deviation());
            Map<String, Tensor> next = new LinkedHashMap<>();
            sums.forEach((name, sum) -> {
                Tensor from = tensor(global, name);
                double[] drawn = new double[sum.length];
                noise.fill(drawn);
                next.put(name, Tensor.of(from.shape(), i ->
                        (float) (from.get(i) + grid.round(share * sum[i] + deviation() * drawn[i]))));
            });
            return new Adapter(next);
        }

        private static Tensor tensor(Adapter adapter, String name) {
            return Objects.requireNonNull(adapter.tensors().get(name), name);
        }
    }

    @Override
    public String toString() {
        return "CentralNoise[norm " + norm + ", multiplier " + multiplier + ", probability " + probability + ", "
                + clients + " clients" + (isSecret() ? "" : ", REPEATABLE") + "]";
    }
}
