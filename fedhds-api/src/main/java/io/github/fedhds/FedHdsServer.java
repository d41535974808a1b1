package io.github.fedhds;

import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Receipt.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.training.Adapter;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The server: names a round's clients, chooses representative groups among their centroids, averages their adapters. It
 * knows no transport. A round is {@link #open}, {@link #accept(CentroidReport)} of each report, {@link #select},
 * {@link #accept(AdapterUpdate)} of each update, {@link #aggregate}; the application says when a step is over, by a
 * deadline, say, and what has not come by then does not count. The result depends on what was accepted, never on the
 * order. No message makes it throw, whatever it holds; a part of the application's own may, and then the server goes on as
 * the method says.
 *
 * <p>A message's key is run, round, client and kind. The same message again is {@linkplain Receipt.Status#ALREADY_HAD
 * acknowledged again}, another one under the key of an accepted one is refused; a refused one keeps no key, so that its
 * sender may mend it. How often a message was sent belongs to the transport's envelope, as does the proof that it is the
 * client's.
 *
 * <p>Safe for many threads; one call runs at a time.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning</a>
 */
public final class FedHdsServer {
    private static final System.Logger LOGGER = System.getLogger("io.github.fedhds");

    private final String runId;
    private final List<ClientId> roster;
    private final Set<ClientId> known;
    private final ClientSampler sampler;
    private final CoresetSelector selector;
    private final Aggregator aggregator;
    private final long seed;
    private final int dimensions;
    private final Limits limits;
    private final Map<String, String> settings;
    private final Function<RoundContext, Optional<Frame>> frame;
    private final ServerListener listener;

    private int number;
    private Adapter globalAdapter;
    private @Nullable Round round;

    private FedHdsServer(Builder builder) {
        runId = builder.runId;
        roster = builder.roster;
        known = Set.copyOf(roster);
        sampler = builder.sampler;
        selector = Objects.requireNonNull(builder.selector, "a server needs a selector; set it on the builder");
        aggregator = Objects.requireNonNull(builder.aggregator, "a server needs an aggregator; set it on the builder");
        seed = builder.seed;
        dimensions = builder.dimensions;
        limits = new Limits(
                builder.maxCentroids,
                builder.maxCoordinate,
                builder.maxGroups,
                builder.maxSamples,
                builder.maxNorm,
                builder.minAnswers,
                builder.minShare);
        settings = builder.settings;
        frame = builder.frame;
        listener = builder.listener;
        if (roster.isEmpty()) {
            throw new IllegalArgumentException("the roster is empty; name at least one client");
        }
        limits.tooFew(roster.size(), aggregator).ifPresent(reason -> {
            throw new IllegalArgumentException("the roster names " + reason);
        });
        ServerState state = builder.state;
        if (state == null) {
            globalAdapter = Objects.requireNonNull(
                    builder.initialAdapter, "a server needs an initialAdapter; set it on the builder");
            aggregator.restore(Adapter.empty()); // it may come from another run
        } else {
            state.fault(runId, seed, roster, builder.initialAdapter).ifPresent(fault -> {
                throw new IllegalArgumentException("the state to restore is of " + fault);
            });
            number = state.round();
            globalAdapter = state.globalAdapter();
            aggregator.restore(state.aggregatorState());
        }
    }

    /** Starts a server; roster, selector, aggregator and initial adapter must be set. */
    public static Builder builder() {
        return new Builder();
    }

    /** The adapter that the next round starts from. */
    public synchronized Adapter globalAdapter() {
        return globalAdapter;
    }

    /**
     * All that is needed to go on from here, for {@link Builder#restore}.
     *
     * @throws IllegalStateException if a round is open: close or {@link #abandon} it first
     */
    public synchronized ServerState state() {
        requireClosed("state");
        return new ServerState(runId, seed, number, roster, globalAdapter, aggregator.state());
    }

    /** All clients, in roster order. */
    public List<ClientId> roster() {
        return roster;
    }

    /**
     * Step 1: opens the next round.
     *
     * @return the message to the clients that it names
     * @throws IllegalStateException if a round is open, or the sampler names clients that it must not, or fewer than
     *     {@link Builder#minAnswers} or {@link Aggregator#leastUpdates} ask for; what sampler and frame throw passes
     *     through. No round is open then, and open may be called again
     */
    public synchronized RoundOpening open() {
        requireClosed("open");
        RoundContext context = new RoundContext(runId, number + 1, Optional.empty(), seed, globalAdapter, settings);
        List<ClientId> sampled = sampler.sample(roster, context);
        Set<ClientId> named = new HashSet<>(sampled);
        List<ClientId> clients = roster.stream().filter(named::contains).toList();
        if (clients.isEmpty() || clients.size() != sampled.size()) {
            throw new IllegalStateException(
                    "the client sampler must name at least one client of the roster and none twice, named " + sampled);
        }
        limits.tooFew(clients.size(), aggregator).ifPresent(reason -> {
            throw new IllegalStateException("the client sampler names " + reason + "; see ClientSampler.atLeast");
        });
        Optional<Frame> shared = frame.apply(context);
        RoundOpening opening = new RoundOpening(runId, number + 1, clients, seed, globalAdapter, settings, shared);
        number++;
        round = new Round(opening, dimensions, limits, aggregator);
        tell(l -> l.opened(opening));
        return opening;
    }

    /** Takes a client's centroids, or refuses them; the round goes on either way. */
    public synchronized Receipt accept(CentroidReport report) {
        Receipt receipt = strange(report.runId(), report.round(), report.client())
                .orElseGet(() -> current().accept(report));
        tell(l -> l.received(report, receipt));
        return receipt;
    }

    /**
     * Step 7: closes the reports and chooses among the groups. Where fewer clients than {@link Builder#minAnswers} and
     * {@link Builder#minShare} ask for have reported, or fewer than they and {@link Aggregator#leastUpdates} ask for have a
     * chosen group, the round is void: no group is chosen, and {@link #aggregate} says so.
     *
     * @return a message for every client of the round whose report was accepted, in roster order
     * @throws IllegalStateException unless a round takes reports, or if the selector names a centroid that is not there;
     *     what selector and aggregator throw passes through. The round then still takes reports: select again, or
     *     {@link #abandon} it
     */
    public synchronized Map<ClientId, GroupSelection> select() {
        Round open = require(Round.Phase.REPORTS, "select");
        Map<ClientId, GroupSelection> selections = open.select(selector);
        tell(l -> l.selected(number, selections));
        open.voidReason().ifPresent(reason -> tell(l -> l.voided(number, reason)));
        return selections;
    }

    /** Takes a client's adapter, or refuses it; the round goes on either way. */
    public synchronized Receipt accept(AdapterUpdate update) {
        Receipt receipt = strange(update.runId(), update.round(), update.client())
                .orElseGet(() -> current().accept(update));
        tell(l -> l.received(update, receipt));
        return receipt;
    }

    /**
     * Step 10: closes the round.
     *
     * @return the result; where no update came, or too few for {@link Builder#minAnswers}, {@link Builder#minShare} and
     *     {@link Aggregator#leastUpdates}, the adapter is the old one
     * @throws IllegalStateException unless a round takes updates; or if the aggregator failed, or gave an adapter of
     *     another form or with NaN or infinity. The round is closed then all the same, adapter and aggregator's state are
     *     the old ones, and the next round can open
     */
    public synchronized RoundResult aggregate() {
        Round ended = require(Round.Phase.UPDATES, "aggregate");
        boolean told = ended.voidReason().isPresent();
        round = null; // closed, whatever the aggregator does
        RoundResult result;
        try {
            result = ended.close();
        } catch (RuntimeException | Error e) {
            tell(l -> l.voided(number, String.valueOf(e.getMessage())));
            throw e;
        }
        globalAdapter = result.adapter();
        if (!told) {
            result.voidReason().ifPresent(reason -> tell(l -> l.voided(number, reason)));
        }
        tell(l -> l.closed(result));
        return result;
    }

    /**
     * Closes the round at whatever step it is, without a new adapter: for a round that cannot go on. Its number is not
     * used again, so that its late messages are known as such. Does nothing if no round is open.
     */
    public synchronized void abandon() {
        if (round != null) {
            round = null;
            tell(l -> l.voided(number, "abandoned"));
        }
    }

    /** The refusal of a message that is not of the open round or not of its clients. */
    private Optional<Receipt> strange(String messageRun, int messageRound, ClientId client) {
        if (!messageRun.equals(runId)) {
            return refused(Refusal.UNKNOWN_RUN, "this run is " + runId + ", the message is of " + messageRun);
        }
        Round open = round;
        if (open == null || messageRound != number) {
            return refused(
                    messageRound < 1 || messageRound > number ? Refusal.UNKNOWN_ROUND : Refusal.LATE,
                    (open == null ? "no round is open; " : "round " + number + " is open, ")
                            + "the message is of round " + messageRound);
        }
        if (!open.names(client)) {
            return known.contains(client)
                    ? refused(Refusal.NOT_IN_ROUND, "round " + number + " does not name client " + client)
                    : refused(Refusal.UNKNOWN_CLIENT, "the roster does not name client " + client);
        }
        return Optional.empty();
    }

    private static Optional<Receipt> refused(Refusal refusal, String reason) {
        return Optional.of(Receipt.refused(refusal, reason));
    }

    private void tell(Consumer<ServerListener> event) {
        try {
            event.accept(listener);
        } catch (RuntimeException e) {
            LOGGER.log(System.Logger.Level.WARNING, "a server's listener failed; the server goes on", e);
        }
    }

    private Round current() {
        return Objects.requireNonNull(round);
    }

    private void requireClosed(String call) {
        if (round != null) {
            throw wrongMoment(call, Round.Phase.CLOSED);
        }
    }

    private Round require(Round.Phase wanted, String call) {
        Round open = round;
        if (open == null || open.phase() != wanted) {
            throw wrongMoment(call, wanted);
        }
        return open;
    }

    private IllegalStateException wrongMoment(String call, Round.Phase wanted) {
        Round.Phase phase = round == null ? Round.Phase.CLOSED : round.phase();
        return new IllegalStateException(call + " was called in phase " + phase + ", it belongs to " + wanted
                + "; a round is open, select, aggregate");
    }

    /** Collects a server's parts. Not safe for many threads. */
    public static final class Builder {
        private String runId = "run";
        private List<ClientId> roster = List.of();
        private ClientSampler sampler = ClientSampler.uniform(0.05);
        private @Nullable CoresetSelector selector;
        private @Nullable Aggregator aggregator;
        private @Nullable Adapter initialAdapter;
        private @Nullable ServerState state;
        private long seed;
        private int dimensions = 2;
        private int maxCentroids = 10_000;
        private double maxCoordinate = 1e9;
        private int maxGroups = Integer.MAX_VALUE;
        private int maxSamples = 1_000_000;
        private double maxNorm = 1e6;
        private int minAnswers;
        private double minShare;
        private ServerListener listener = new ServerListener() {};
        private Map<String, String> settings = Map.of();
        private Function<RoundContext, Optional<Frame>> frame = round -> Optional.empty();

        private Builder() {}

        /** Name of the run, carried by every message; "run" by default. */
        public Builder runId(String newRunId) {
            if (newRunId.isBlank()) {
                throw new IllegalArgumentException("runId must not be blank");
            }
            runId = newRunId;
            return this;
        }

        /** All clients, each once; their order is the order of everything that the server computes. */
        public Builder roster(List<ClientId> newRoster) {
            if (Set.copyOf(newRoster).size() != newRoster.size()) {
                throw new IllegalArgumentException("the roster names a client twice: " + newRoster);
            }
            roster = List.copyOf(newRoster);
            return this;
        }

        /** Who takes part in a round; a uniform share of 0.05 by default, as in the paper. */
        public Builder sampler(ClientSampler newSampler) {
            sampler = newSampler;
            return this;
        }

        /** Step 7. */
        public Builder selector(CoresetSelector newSelector) {
            selector = newSelector;
            return this;
        }

        /** Step 10. */
        public Builder aggregator(Aggregator newAggregator) {
            aggregator = newAggregator;
            return this;
        }

        /** The adapter of round 1. */
        public Builder initialAdapter(Adapter newAdapter) {
            newAdapter.firstNonFinite().ifPresent(fault -> {
                throw new IllegalArgumentException("the initial adapter must be finite: " + fault);
            });
            initialAdapter = newAdapter;
            return this;
        }

        /**
         * Goes on where another server was, instead of before round 1. {@link #build} checks that run id, seed and roster
         * are those set here, that the adapter has the form of the initial one, if one is set, and puts the aggregator's
         * state back; what the aggregator throws over it passes through.
         */
        public Builder restore(ServerState newState) {
            state = newState;
            return this;
        }

        /** The run's seed; 0 by default. */
        public Builder seed(long newSeed) {
            seed = newSeed;
            return this;
        }

        /** Coordinates of a centroid: the clients' {@code Fusion.dimensions}; 2 by default. A {@link #frame} has its own. */
        public Builder dimensions(int newDimensions) {
            if (newDimensions < 1) {
                throw new IllegalArgumentException("dimensions must be 1 or more, was " + newDimensions);
            }
            dimensions = newDimensions;
            return this;
        }

        /**
         * Centroids that one client may send in a round, 1 or more; 10,000 by default. A report with more is refused, for
         * the cost of the server's choice grows with the square of all centroids.
         */
        public Builder maxCentroids(int count) {
            if (count < 1) {
                throw new IllegalArgumentException("maxCentroids must be 1 or more, was " + count);
            }
            maxCentroids = count;
            return this;
        }

        /**
         * Largest coordinate of a centroid, above 0, on either side of zero; 1e9 by default, far more than any features have.
         * A report with a larger one is refused. A liar's far-off centroids draw a choice that seeks the rare: where
         * clients are not trusted, set it to what your features have, and {@link #maxGroups} too.
         */
        public Builder maxCoordinate(double most) {
            if (!(most > 0)) {
                throw new IllegalArgumentException("maxCoordinate must be above 0, was " + most);
            }
            maxCoordinate = most;
            return this;
        }

        /**
         * Groups of one client that are chosen in a round, 1 or more; no bound by default, as in the paper. Where the
         * selector chooses more of a client, those that it names first count.
         */
        public Builder maxGroups(int count) {
            if (count < 1) {
                throw new IllegalArgumentException("maxGroups must be 1 or more, was " + count);
            }
            maxGroups = count;
            return this;
        }

        /**
         * Samples that one client may say it holds, or trained on in a round, 1 or more; 1,000,000 by default. A report or
         * an adapter of more is refused. Where clients count by samples, set it to what your clients have: it bounds what a liar weighs.
         */
        public Builder maxSamples(int count) {
            if (count < 1) {
                throw new IllegalArgumentException("maxSamples must be 1 or more, was " + count);
            }
            maxSamples = count;
            return this;
        }

        /**
         * Euclidean distance of a client's adapter from the global one, above 0; 1,000,000 by default, far more than any
         * training makes. An adapter farther away is refused. Infinite: not looked at.
         */
        public Builder maxNorm(double norm) {
            if (!(norm > 0)) {
                throw new IllegalArgumentException("maxNorm must be above 0, was " + norm);
            }
            maxNorm = norm;
            return this;
        }

        /**
         * Clients without whose answers a round is void, 0 or more: so many reports when the groups are chosen, so many
         * updates when they are averaged; 0 by default, so that any answer will do and a round without one changes
         * nothing.
         */
        public Builder minAnswers(int clients) {
            if (clients < 0) {
                throw new IllegalArgumentException("minAnswers must be 0 or more, was " + clients);
            }
            minAnswers = clients;
            return this;
        }

        /**
         * Share of the clients asked without whose answers a round is void, 0 to 1, rounded up: of those that the round
         * names for the reports, of those with a chosen group for the updates; 0 by default.
         */
        public Builder minShare(double share) {
            if (!(share >= 0 && share <= 1)) {
                throw new IllegalArgumentException("minShare must be 0 to 1, was " + share);
            }
            minShare = share;
            return this;
        }

        /** Who is told of all that happens; nobody by default. */
        public Builder listener(ServerListener newListener) {
            listener = newListener;
            return this;
        }

        /** Settings that every round's opening carries to the clients; none by default. */
        public Builder settings(Map<String, String> newSettings) {
            settings = Map.copyOf(newSettings);
            return this;
        }

        /**
         * Coordinates in which all clients of a round send their groups' centres; none by default: then each client sends
         * those of its own fusion, as in the paper.
         *
         * @param newFrame asked once a round, with the server's context
         */
        public Builder frame(Function<RoundContext, Optional<Frame>> newFrame) {
            frame = newFrame;
            return this;
        }

        /**
         * The server, before its first round or where the restored one was.
         *
         * @throws IllegalArgumentException if the roster is empty, or has fewer clients than {@link #minAnswers} or
         *     {@link Aggregator#leastUpdates} ask for, or the state to restore is of another run
         */
        public FedHdsServer build() {
            return new FedHdsServer(this);
        }
    }
}
