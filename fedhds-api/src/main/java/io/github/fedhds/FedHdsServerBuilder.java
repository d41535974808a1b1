package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Settings and roles of a {@link FedHdsServer}, from {@link FedHdsServer#builder}. Not safe for many threads. */
public final class FedHdsServerBuilder {
    @Nullable
    String runId;

    @Nullable
    List<ClientId> clients;

    ClientSampler sampler = ClientSampler.uniform(0.05);

    @Nullable
    CoresetSelector selector;

    boolean rememberChosen;

    @Nullable
    Aggregator aggregator;

    @Nullable
    SecureAggregation secureAggregation;

    @Nullable
    LongFunction<Adapter> initialAdapter;

    @Nullable
    ServerState state;

    long seed;
    int dimensions = 2;
    private @Nullable Integer maxCentroids;
    private double maxCoordinate = 1e9;
    private int maxGroups = Integer.MAX_VALUE;
    private int maxSamples = 1_000_000;
    private double maxNorm = 1e6;
    private int minAnswers;
    private double minShare;
    boolean compareOpenings = true;

    @Nullable
    MessageLimits messageLimits;

    final List<ServerListener> listeners = new ArrayList<>();
    Map<String, String> settings = Map.of();
    Map<String, String> agreedSettings = Map.of();
    Function<RoundContext, Optional<Frame>> frame = round -> Optional.empty();

    FedHdsServerBuilder() {}

    /**
     * Name of the run, which every message carries, so that messages of two runs cannot be taken for one another: 1 to
     * 200 characters. By default that of the restored state, or one drawn at random.
     */
    public FedHdsServerBuilder runId(String runId) {
        ClientId.checkName("a run id", Objects.requireNonNull(runId, "runId"));
        this.runId = runId;
        return this;
    }

    /** All clients of the run, one or more, each once. Sums and lists of the server follow their order. */
    public FedHdsServerBuilder clients(List<ClientId> clients) {
        Objects.requireNonNull(clients, "clients")
                .forEach(client -> Objects.requireNonNull(client, "one of the clients"));
        if (clients.isEmpty() || Set.copyOf(clients).size() != clients.size()) {
            throw new IllegalArgumentException("clients must hold at least one client and none twice, was " + clients);
        }
        this.clients = List.copyOf(clients);
        return this;
    }

    /** Chooses the clients of each round; 5 % of the clients at random by default, as in the paper. */
    public FedHdsServerBuilder sampler(ClientSampler sampler) {
        this.sampler = Objects.requireNonNull(sampler, "sampler");
        return this;
    }

    /** Step 7: chooses groups among the centroids of all clients. Must be set. */
    public FedHdsServerBuilder selector(CoresetSelector selector) {
        this.selector = Objects.requireNonNull(selector, "selector");
        return this;
    }

    /** Step 10: makes the next global adapter of the clients' adapters. Must be set. */
    public FedHdsServerBuilder aggregator(Aggregator aggregator) {
        this.aggregator = Objects.requireNonNull(aggregator, "aggregator");
        return this;
    }

    /** The global adapter that round 1 starts from. Must be set, here or by the seed. */
    public FedHdsServerBuilder initialAdapter(Adapter initialAdapter) {
        requireFinite(Objects.requireNonNull(initialAdapter, "initialAdapter"));
        return initialAdapter(anySeed -> initialAdapter);
    }

    /** Makes the global adapter of round 1 from the run's seed, when the server is built. */
    public FedHdsServerBuilder initialAdapter(LongFunction<Adapter> initialAdapter) {
        this.initialAdapter = Objects.requireNonNull(initialAdapter, "initialAdapter");
        return this;
    }

    @Nullable
    Adapter firstAdapter() {
        return initialAdapter == null
                ? null
                : requireFinite(
                        RoleAnswer.require(initialAdapter.apply(seed), "function of initialAdapter", "an Adapter"));
    }

    private static Adapter requireFinite(Adapter adapter) {
        adapter.firstNonFinite().ifPresent(fault -> {
            throw new IllegalArgumentException("the initialAdapter must be finite: " + fault);
        });
        return adapter;
    }

    /**
     * Continues from the state of an earlier server instead of starting before round 1. {@link #build} checks that run id,
     * seed and agreed settings are those set here, that its clients are the first of those set here (more may follow), and
     * that its adapter has the names and shapes of the initial one, if one is set. It also calls {@link
     * Aggregator#checkState}; an exception of the aggregator is thrown on.
     */
    public FedHdsServerBuilder restore(ServerState state) {
        this.state = Objects.requireNonNull(state, "state to restore");
        return this;
    }

    /**
     * The run's seed; 0 by default. It travels to every client, so nothing that must stay secret (noise, keys) may ever
     * be derived from it.
     */
    public FedHdsServerBuilder seed(long seed) {
        this.seed = seed;
        return this;
    }

    /**
     * Number of coordinates of a centroid: {@link io.github.fedhds.fusion.Fusion#dimensions} of the clients' fusion. 2 by
     * default, as in the paper. Not used with a {@link #frame}, which has a number of its own.
     */
    public FedHdsServerBuilder dimensions(int dimensions) {
        this.dimensions = Limits.atLeast(1, dimensions, "dimensions");
        return this;
    }

    /**
     * Centroids that one client may send in a round, 1 or more; {@link MessageLimits#centroids} by default, and at most that
     * many. A report with more is refused. The time of the server's selection grows with the square of the number of all centroids.
     */
    public FedHdsServerBuilder maxCentroids(int maxCentroids) {
        this.maxCentroids = Limits.atLeast(1, maxCentroids, "maxCentroids");
        return this;
    }

    /**
     * Largest coordinate of a centroid, above 0, on either side of zero; 1e9 by default, far more than any features have.
     * A report with a larger one is refused. Fake centroids far away can attract a selector that looks for outliers: where
     * clients are not trusted, set this to the largest coordinate of your features, and set {@link #maxGroups} too.
     */
    public FedHdsServerBuilder maxCoordinate(double maxCoordinate) {
        this.maxCoordinate = Limits.positive(maxCoordinate, "maxCoordinate");
        return this;
    }

    /**
     * Largest number of chosen groups of one client in a round, 1 or more; no limit by default, as in the paper. Where the
     * selector chooses more, the first ones that it names count.
     */
    public FedHdsServerBuilder maxGroups(int maxGroups) {
        this.maxGroups = Limits.atLeast(1, maxGroups, "maxGroups");
        return this;
    }

    /**
     * Largest number of samples that one client may report, or may have trained on in a round, 1 or more; 1,000,000 by
     * default. A message with more is refused. Where the aggregator weights clients by samples, this limits the weight that
     * a dishonest client can claim.
     */
    public FedHdsServerBuilder maxSamples(int maxSamples) {
        this.maxSamples = Limits.atLeast(1, maxSamples, "maxSamples");
        return this;
    }

    /**
     * Largest Euclidean distance of a client's adapter from the global one, above 0; 1,000,000 by default, far more than
     * any training gives. An adapter farther away is refused. Infinity turns the check off.
     */
    public FedHdsServerBuilder maxNorm(double maxNorm) {
        this.maxNorm = Limits.positive(maxNorm, "maxNorm");
        return this;
    }

    /**
     * Minimum number of clients that must answer, 0 or more; otherwise the round is void and the adapter stays the same.
     * Counts reports when the groups are chosen and updates when they are aggregated. 0 by default: any number will do.
     */
    public FedHdsServerBuilder minAnswers(int minAnswers) {
        this.minAnswers = Limits.atLeast(0, minAnswers, "minAnswers");
        return this;
    }

    /**
     * Minimum share of the clients asked that must answer, 0 to 1, rounded up; otherwise the round is void. Reports: of the
     * clients of the round. Updates: of the clients with a chosen group. 0 by default.
     */
    public FedHdsServerBuilder minShare(double minShare) {
        if (!(minShare >= 0 && minShare <= 1)) {
            throw new IllegalArgumentException("minShare must be 0 to 1, was " + minShare);
        }
        this.minShare = minShare;
        return this;
    }

    Limits limits(MessageLimits messages) {
        int centroids = maxCentroids == null ? messages.centroids() : maxCentroids;
        return new Limits(centroids, maxCoordinate, maxGroups, maxSamples, maxNorm, minAnswers, minShare);
    }

    /**
     * Whether a report must answer exactly the opening that this server has made; true by default, so that answers to an
     * earlier opening of the same round do not count. Set false where the application changes the opening for each client,
     * to give it an adapter of another rank for example.
     */
    public FedHdsServerBuilder compareOpenings(boolean compareOpenings) {
        this.compareOpenings = compareOpenings;
        return this;
    }

    /**
     * How large messages of this run may be; {@link MessageLimits#forAdapter} of the first adapter by default. Give the
     * codecs of server and clients the same limits.
     */
    public FedHdsServerBuilder messageLimits(MessageLimits messageLimits) {
        this.messageLimits = Objects.requireNonNull(messageLimits, "messageLimits");
        return this;
    }

    /** Adds a listener to the server's events, called after those added before; none by default. */
    public FedHdsServerBuilder listener(ServerListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /** Settings that every opening carries to the clients, where roles read them in {@link RoundContext#settings}; none by default. */
    public FedHdsServerBuilder settings(Map<String, String> settings) {
        this.settings = copyOf(settings, "settings");
        return this;
    }

    /**
     * Settings that every client must have with equal values, by name; none by default. Every opening carries them. A client
     * with other values withdraws and names them; see {@link FedHdsClientBuilder#agreedSettings}.
     */
    public FedHdsServerBuilder agreedSettings(Map<String, String> agreedSettings) {
        this.agreedSettings = copyOf(agreedSettings, "agreedSettings");
        return this;
    }

    static Map<String, String> copyOf(Map<String, String> settings, String name) {
        Objects.requireNonNull(settings, name).forEach((key, value) -> {
            Objects.requireNonNull(key, () -> "name in " + name);
            Objects.requireNonNull(value, () -> "value of " + key + " in " + name);
        });
        return Map.copyOf(settings);
    }

    /**
     * A linear map of feature rows that all clients of a round share, see {@link Frame}: clients send the centres of their
     * groups in its coordinates. None by default: each client sends coordinates of its own fusion, as in the paper.
     *
     * @param frame called once a round, with the server's context
     */
    public FedHdsServerBuilder frame(Function<RoundContext, Optional<Frame>> frame) {
        this.frame = Objects.requireNonNull(frame, "frame");
        return this;
    }

    /**
     * Whether the server keeps the points of the groups that clients have trained on, and gives them to its selector in later
     * rounds as {@link io.github.fedhds.coreset.Candidates#earlier}, so that it can choose what was not chosen yet; false by
     * default. Needs coordinates that can be compared between rounds: one {@link #frame} for all rounds, and features of a
     * model that does not change. Another frame is refused when a round opens; after a restart only one with another number of
     * coordinates. The points are part of {@link FedHdsServer#state}, 8 bytes a coordinate. Nothing more leaves
     * a client.
     */
    public FedHdsServerBuilder rememberChosen(boolean rememberChosen) {
        this.rememberChosen = rememberChosen;
        return this;
    }

    /**
     * How updates are summed so that the server learns their mean only; none by default: the server receives each adapter. Clients must
     * have equal settings, see {@link FedHdsClientBuilder#secureAggregation}. Between {@link FedHdsServer#select} and {@link
     * FedHdsServer#aggregate} there are three calls of {@link FedHdsServer#proceed} then.
     */
    public FedHdsServerBuilder secureAggregation(SecureAggregation secureAggregation) {
        this.secureAggregation = Objects.requireNonNull(secureAggregation, "secureAggregation");
        return this;
    }

    /** Refuses a rule that needs more than the mean, or weights it otherwise, or whose rounds must not be void. */
    void checkAggregator() {
        Aggregator rule = aggregator;
        if (rule != null && rule.changesWithoutUpdates() && (minAnswers > 0 || minShare > 0)) {
            throw new IllegalArgumentException(
                    RoleAnswer.describe("the aggregator", rule)
                            + " gives a result whoever answers, as void rounds would tell who did; set neither minAnswers nor minShare");
        }
        SecureAggregation sum = secureAggregation;
        if (rule == null || sum == null) {
            return;
        }
        OptionalInt most = rule.greatestWeight();
        if (most.isEmpty()) {
            throw new IllegalArgumentException(RoleAnswer.describe("the aggregator", rule)
                    + " needs each client's update, and with secure aggregation the server learns only their mean; use a rule"
                    + " of the mean (FedAvg or FedOpt), or no secure aggregation");
        }
        if (sum.greatestWeight() > most.getAsInt()) {
            throw new IllegalArgumentException(RoleAnswer.describe("the aggregator", rule) + " counts at most "
                    + most.getAsInt() + " samples of a client, and the secure aggregation up to " + sum.greatestWeight()
                    + "; give both the same greatest weight");
        }
    }

    /**
     * Builds the server, before its first round or in the restored state.
     *
     * @throws NullPointerException if clients, selector, aggregator or initial adapter is not set
     * @throws IllegalArgumentException if there are fewer clients than {@link #minAnswers} or
     *     {@link Aggregator#leastUpdates} require, the state to restore is of another run, or the aggregator needs each update and
     *     {@link #secureAggregation} shows their mean only
     */
    public FedHdsServer build() {
        return new FedHdsServer(this);
    }
}
