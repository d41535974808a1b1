package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.internal.RoleText;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.RoundContext;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntToDoubleFunction;

/**
 * Averages the changes of the weights, the products scale B A, instead of the factors A and B, because the mean of the
 * factors does not give the mean of the products. The result is the best approximation at the global adapter's rank
 * (in the Frobenius norm). Clients may have different ranks. {@link Builder#truncation} reports the approximation
 * error.
 *
 * <p>In the result, A has orthonormal rows and B contains the singular values in descending order. If the rank exceeds
 * that of the inputs, the additional rows of A are random with length one, and the columns of B are zero. The result
 * does not depend on the order of the updates, in any bit. Tolerates no attackers. If no client changed its adapter, B
 * A stays the same but A and B do not, so it cannot be the mean of {@link FedOpt}.
 *
 * <p>A client with another rank than the server starts from {@link #atRank} of the round's adapter: its application
 * passes the {@code RoundOpening} with that adapter to the client.
 *
 * <p>Holds all updates of a round. With R the sum of their ranks, a module costs time O((in + out) R² + R³) and, while
 * it is computed, 16 (in + out) R bytes; the full matrix is never created. Modules run in parallel on the common pool.
 * Has no state. Immutable, safe for many threads.
 *
 * @see <a href="https://arxiv.org/abs/2402.11505">Bai et al. 2024, FlexLoRA: the same mean, computed with full
 *     matrices</a>
 */
public final class ExactLoraAveraging implements Aggregator {

    private final IntToDoubleFunction scale;
    private final int maxRank;
    private final FedAvg mean;
    private final Consumer<LoraTruncation> truncation;
    private final String description;

    private ExactLoraAveraging(Builder builder) {
        scale = builder.scale;
        maxRank = builder.maxRank;
        mean = builder.mean;
        truncation = builder.truncation;
        description = builder.description;
    }

    /**
     * For adapters with scale alpha / rank, as in PEFT, with one alpha for all clients.
     *
     * @param alpha finite and above 0
     */
    public static Builder alpha(double alpha) {
        requirePositive(alpha, "alpha");
        return new Builder(rank -> alpha / rank, "alpha " + alpha);
    }

    /**
     * For adapters with another scale.
     *
     * @param scaleOfRank scale of a client's product by its rank; finite and above 0, always the same for a rank. A
     *     client with a rank for which the function returns another value or throws is refused
     */
    public static Builder scale(IntToDoubleFunction scaleOfRank) {
        return new Builder(Objects.requireNonNull(scaleOfRank, "scaleOfRank"), "scale by rank of " + RoleText.OWN);
    }

    private static double requirePositive(double value, String name) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " must be finite and above 0, was " + value);
        }
        return value;
    }

    private double scaleOf(int rank) {
        double factor;
        try {
            factor = scale.applyAsDouble(rank);
        } catch (RuntimeException e) { // a map without this rank, say
            throw new IllegalArgumentException("the scale of rank " + rank + " is not known: " + e, e);
        }
        return requirePositive(factor, "the scale of rank " + rank);
    }

    /** The factors of one adapted module: A {@code [rank, in]}, B {@code [out, rank]}. */
    private record Module(String name, Tensor a, Tensor b) {
        int rank() {
            return a.shape()[0];
        }

        int inputs() {
            return a.shape()[1];
        }

        int outputs() {
            return b.shape()[0];
        }

        double[] rowOfA(int row) {
            double[] values = new double[inputs()];
            for (int i = 0; i < values.length; i++) {
                values[i] = a.get(row * values.length + i);
            }
            return values;
        }

        double[] columnOfB(int column) {
            int rank = rank();
            double[] values = new double[outputs()];
            for (int i = 0; i < values.length; i++) {
                values[i] = b.get(i * rank + column);
            }
            return values;
        }

        void addTo(LowRankProduct sum, double factor) {
            for (int j = 0; j < rank(); j++) {
                sum.add(columnOfB(j), rowOfA(j), factor);
            }
        }
    }

    /** The modules by name. Throws for an adapter that does not consist of LoRA pairs. */
    private static Map<String, Module> modules(Adapter adapter) {
        Map<String, Module> modules = new LinkedHashMap<>();
        SortedMap<String, Tensor> tensors = adapter.tensors();
        tensors.forEach((name, tensor) -> {
            boolean isA = name.endsWith(LoraNames.A);
            if (!isA && !name.endsWith(LoraNames.B)) {
                throw new IllegalArgumentException(
                        "tensor " + name + " is neither " + LoraNames.A + " nor " + LoraNames.B);
            }
            String module = LoraNames.module(name);
            Tensor other = tensors.get(module + (isA ? LoraNames.B : LoraNames.A));
            if (other == null) {
                throw new IllegalArgumentException(
                        "tensor " + name + " has no partner " + module + (isA ? LoraNames.B : LoraNames.A));
            }
            if (isA) {
                int[] a = tensor.shape();
                int[] b = other.shape();
                if (a.length != 2 || b.length != 2 || a[0] != b[1] || a[0] < 1 || a[1] < 1 || b[0] < 1) {
                    throw new IllegalArgumentException("module " + module + " has A " + Arrays.toString(a) + " and B "
                            + Arrays.toString(b) + "; LoRA has A [rank, in] and B [out, rank]");
                }
                modules.put(module, new Module(module, tensor, other));
            }
        });
        return modules;
    }

    /**
     * An update must have the modules of the global adapter. Its rank is the client's own, up to {@link
     * Builder#maxRank}, if there is a scale for it.
     */
    @Override
    public Optional<String> refusal(Adapter globalAdapter, Adapter update) {
        Map<String, Module> theirs;
        try {
            theirs = modules(update);
        } catch (IllegalArgumentException e) {
            return Optional.ofNullable(e.getMessage());
        }
        for (Module ours : modules(globalAdapter).values()) {
            Module module = theirs.remove(ours.name());
            if (module == null) {
                return Optional.of("module " + ours.name() + " is missing");
            }
            if (module.inputs() != ours.inputs() || module.outputs() != ours.outputs()) {
                return Optional.of("module " + ours.name() + " is from " + module.inputs() + " to " + module.outputs()
                        + ", expected from " + ours.inputs() + " to " + ours.outputs());
            }
            if (module.rank() > maxRank) {
                return Optional.of("module " + ours.name() + " has rank " + module.rank() + ", this rule takes at most "
                        + maxRank + "; see maxRank");
            }
            try {
                scaleOf(module.rank());
            } catch (IllegalArgumentException e) {
                return Optional.of("module " + ours.name() + " has rank " + module.rank() + ", but " + e.getMessage());
            }
        }
        return theirs.keySet().stream()
                .findFirst()
                .map(name -> "module " + name + " is not expected")
                .or(update::firstNonFinite);
    }

    /**
     * Opens a round.
     *
     * @throws IllegalArgumentException if the global adapter does not consist of LoRA pairs, or if one of its ranks
     *     has no scale
     */
    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        Map<String, Module> form = modules(round.globalAdapter());
        form.values().forEach(module -> scaleOf(module.rank()));
        return new StoredRound(
                this,
                round,
                state,
                Optional.empty(),
                updates -> average(updates.stream().map(StoredUpdate::whole).toList(), form, round.round()));
    }

    private Adapter average(List<AdapterUpdate> updates, Map<String, Module> form, int round) {
        long weights = updates.stream().mapToLong(mean::weight).sum();
        List<Map<String, Module>> theirs =
                updates.stream().map(update -> modules(update.adapter())).toList();
        List<Truncated> results = form.values().parallelStream()
                .map(module -> {
                    LowRankProduct sum = new LowRankProduct(module.inputs(), module.outputs());
                    for (int i = 0; i < updates.size(); i++) {
                        Module their = Objects.requireNonNull(theirs.get(i).get(module.name()));
                        double share = (double) mean.weight(updates.get(i)) / weights;
                        their.addTo(sum, share * scaleOf(their.rank()));
                    }
                    return truncate(module, sum, module.rank());
                })
                .toList();
        SortedMap<String, Double> shares = new TreeMap<>();
        double lost = 0;
        double all = 0;
        for (Truncated result : results) {
            shares.put(result.module().name(), share(result.lost(), result.all()));
            lost += result.lost();
            all += result.all();
        }
        truncation.accept(new LoraTruncation(round, shares, share(lost, all)));
        return adapter(results.stream().map(Truncated::module).toList());
    }

    private static double share(double lost, double all) {
        return all == 0 ? 0 : Math.sqrt(lost / all);
    }

    private record Truncated(Module module, double lost, double all) {}

    private Truncated truncate(Module form, LowRankProduct product, int rank) {
        LowRankProduct.Nearest nearest = product.nearest(rank, form.name().hashCode());
        double factor = 1 / scaleOf(rank);
        float[] a = new float[rank * form.inputs()];
        float[] b = new float[form.outputs() * rank];
        for (int j = 0; j < rank; j++) {
            for (int i = 0; i < form.inputs(); i++) {
                a[j * form.inputs() + i] = (float) nearest.a()[j][i];
            }
            for (int i = 0; i < form.outputs(); i++) {
                b[i * rank + j] = (float) (factor * nearest.b()[j][i]);
            }
        }
        Module module = new Module(
                form.name(),
                new Tensor(new int[] {rank, form.inputs()}, a),
                new Tensor(new int[] {form.outputs(), rank}, b));
        return new Truncated(module, nearest.lost(), nearest.all());
    }

    private static Adapter adapter(List<Module> modules) {
        Map<String, Tensor> tensors = new TreeMap<>();
        modules.forEach(module -> {
            tensors.put(module.name() + LoraNames.A, module.a());
            tensors.put(module.name() + LoraNames.B, module.b());
        });
        return new Adapter(tensors);
    }

    /**
     * Converts an adapter to another rank with the same product B A, as the start for a client with that rank. With a
     * larger rank nothing is lost: the additional rows of A are random, derived from the module's name, and the
     * columns of B are zero. A smaller rank keeps the largest singular values. An equal rank returns the adapter
     * unchanged.
     *
     * @param rank rank of all modules, 1 or more
     * @throws IllegalArgumentException if the adapter does not consist of LoRA pairs
     */
    public Adapter atRank(Adapter adapter, int rank) {
        if (rank < 1) {
            throw new IllegalArgumentException("rank must be 1 or more, was " + rank);
        }
        Map<String, Module> modules = modules(adapter);
        return adapter(modules.values().parallelStream()
                .map(module -> {
                    if (module.rank() == rank) {
                        return module;
                    }
                    LowRankProduct product = new LowRankProduct(module.inputs(), module.outputs());
                    module.addTo(product, scaleOf(module.rank()));
                    return truncate(module, product, rank).module();
                })
                .toList());
    }

    @Override
    public String toString() {
        return "ExactLoraAveraging[" + description + ", max rank " + maxRank + ", " + mean + "]";
    }

    /** The settings. Not safe for many threads. */
    public static final class Builder {
        private final IntToDoubleFunction scale;
        private final String description;
        private int maxRank = 64;
        private FedAvg mean = FedAvg.bySamples();
        private Consumer<LoraTruncation> truncation = loss -> {};

        private Builder(IntToDoubleFunction scale, String description) {
            this.scale = scale;
            this.description = description;
        }

        /** Largest rank of a client, 1 or more; 64 by default. The cost of a round grows with the sum of the ranks. */
        public Builder maxRank(int maxRank) {
            if (maxRank < 1) {
                throw new IllegalArgumentException("maxRank must be 1 or more, was " + maxRank);
            }
            this.maxRank = maxRank;
            return this;
        }

        /** The weight of each client; {@link FedAvg#bySamples} by default. */
        public Builder weighing(FedAvg weighing) {
            this.mean = Objects.requireNonNull(weighing, "weighing");
            return this;
        }

        /** Called once per round with the approximation error; none by default. An exception makes the round void. */
        public Builder truncation(Consumer<LoraTruncation> truncation) {
            this.truncation = Objects.requireNonNull(truncation, "truncation");
            return this;
        }

        /** Creates the aggregator. */
        public ExactLoraAveraging build() {
            return new ExactLoraAveraging(this);
        }
    }
}
