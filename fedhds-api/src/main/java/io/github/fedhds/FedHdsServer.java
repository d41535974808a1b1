package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The server: names a round's clients, chooses representative groups among their centroids, averages their adapters. It
 * knows no transport. A round is {@link #open}, {@link #accept} of each report, {@link #select}, {@link #accept} of each
 * adapter, {@link #aggregate}; the application says when a step is over, by a deadline, say, and what has not come by then
 * does not count. {@link #messageFor} gives what a client is to be sent at the moment, {@link #progress} whom the round
 * waits for. The result depends on what was accepted, never on the order. No message makes it throw, whatever it holds; a
 * part of the application's own may, and then the server goes on as the method says.
 *
 * <p>A message's {@linkplain Message#key key} is run, round, client and kind. The same message again is {@linkplain
 * Receipt.Status#ALREADY_HAD acknowledged again}, another one under the key of an accepted one is refused; a refused one
 * keeps no key, so that its sender may correct it and send it again. How often a message was sent belongs to the transport's
 * envelope, as does the proof that it is the client's.
 *
 * <p>An accepted message lasts as long as this object. After a crash, a server that is restored opens the same round again,
 * with an equal opening, and its clients answer again.
 *
 * <p>Safe for many threads; one call runs at a time.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning</a>
 */
public final class FedHdsServer {
    private final String runId;
    private final ClientSampler sampler;
    private final CoresetSelector selector;
    private final Aggregator aggregator;
    private final long seed;
    private final int dimensions;
    private final Limits limits;
    private final boolean compareOpenings;
    private final MessageLimits messageLimits;
    private final Map<String, String> settings;
    private final Map<String, String> agreedSettings;
    private final Function<RoundContext, Optional<Frame>> frame;
    private final ServerEvents events;

    private final List<ClientId> roster = new ArrayList<>();
    private final Set<ClientId> known = new HashSet<>();
    private int number;
    private Adapter globalAdapter;
    private Adapter aggregatorState = Adapter.empty();
    private @Nullable Round round;

    private FedHdsServer(Builder builder) {
        ServerState state = builder.state;
        runId = builder.runId != null ? builder.runId : state != null ? state.runId() : "run-" + UUID.randomUUID();
        List<ClientId> clients =
                Objects.requireNonNull(builder.roster, "a server needs a roster; set it on the builder");
        sampler = builder.sampler;
        selector = Objects.requireNonNull(builder.selector, "a server needs a selector; set it on the builder");
        aggregator = Objects.requireNonNull(builder.aggregator, "a server needs an aggregator; set it on the builder");
        seed = builder.seed;
        dimensions = builder.dimensions;
        compareOpenings = builder.compareOpenings;
        settings = builder.settings;
        agreedSettings = builder.agreedSettings;
        frame = builder.frame;
        events = new ServerEvents(builder.listener);
        Adapter first = builder.firstAdapter();
        if (state == null) {
            globalAdapter = Objects.requireNonNull(first, "a server needs an initialAdapter; set it on the builder");
        } else {
            state.fault(builder.runId, seed, clients, agreedSettings, first).ifPresent(fault -> {
                throw new IllegalArgumentException("the state to restore is of " + fault);
            });
            number = state.round();
            globalAdapter = state.globalAdapter();
            aggregatorState = state.aggregatorState();
            aggregator.checkState(globalAdapter, aggregatorState);
        }
        messageLimits = builder.messageLimits == null ? MessageLimits.forAdapter(globalAdapter) : builder.messageLimits;
        limits = builder.limits.maxCentroids() == Limits.AS_MESSAGES
                ? builder.limits.withMaxCentroids(messageLimits.centroids())
                : builder.limits;
        limits.tooFew(clients.size(), aggregator).ifPresent(reason -> {
            throw new IllegalArgumentException("the roster names " + reason);
        });
        limits.beyond(messageLimits, dimensions, settings, agreedSettings).ifPresent(reason -> {
            throw new IllegalArgumentException(reason + "; see MessageLimits");
        });
        register(clients);
    }

    /** Starts a server; roster, selector, aggregator and initial adapter must be set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Name of the run, which every message carries. */
    public String runId() {
        return runId;
    }

    /** What messages of this run may hold: build the codecs of server and clients with it. */
    public MessageLimits messageLimits() {
        return messageLimits;
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
        return new ServerState(runId, seed, number, roster, agreedSettings, globalAdapter, aggregatorState);
    }

    /** All clients, in registered order. */
    public synchronized List<ClientId> roster() {
        return List.copyOf(roster);
    }

    /**
     * Adds clients to the run, between two rounds, behind those that are there.
     *
     * @throws IllegalStateException if a round is open
     * @throws IllegalArgumentException if a client is registered already or named twice; none is added then
     */
    public synchronized void register(List<ClientId> newClients) {
        requireClosed("register");
        Set<ClientId> added = new HashSet<>(known);
        for (ClientId client : newClients) {
            Objects.requireNonNull(client, "client to register");
            if (!added.add(client)) {
                throw new IllegalArgumentException("client " + client + " is registered already; names are unique");
            }
        }
        known.addAll(newClients);
        roster.addAll(newClients);
    }

    /** The open round's opening; empty between rounds. */
    public synchronized Optional<RoundOpening> opening() {
        return Optional.ofNullable(round).map(Round::opening);
    }

    /** The open round's selections, one for each client whose report was accepted; none before {@link #select}. */
    public synchronized Map<ClientId, GroupSelection> selections() {
        return round == null ? Map.of() : round.selections();
    }

    /** How far the open round is, and whom it waits for; empty between rounds. */
    public synchronized Optional<RoundProgress> progress() {
        return Optional.ofNullable(round).map(Round::progress);
    }

    /**
     * What a client is to be sent now: the opening while its report is missing, or when it was started again and asks for
     * it; its selection while its adapter is missing; else nothing. For transports in which clients ask for their work, and
     * for sending again.
     */
    public synchronized Optional<Message> messageFor(ClientId client) {
        return Optional.ofNullable(round).flatMap(open -> open.messageFor(client));
    }

    /**
     * Step 1: opens the next round.
     *
     * @return the message to the clients that it names
     * @throws IllegalStateException if a round is open, or the sampler names clients that it must not, or fewer than
     *     {@link Builder#minAnswers} or {@link Aggregator#leastUpdates} ask for, or sampler or frame gives null; what
     *     sampler and frame throw passes through. No round is open then, and open may be called again
     */
    public synchronized RoundOpening open() {
        requireClosed("open");
        RoundContext context = new RoundContext(runId, number + 1, Optional.empty(), seed, globalAdapter, settings);
        List<ClientId> sampled =
                RoleAnswer.require(sampler.sample(List.copyOf(roster), context), "client sampler", "a list of clients");
        Set<ClientId> named = new HashSet<>(sampled);
        List<ClientId> clients = roster.stream().filter(named::contains).toList();
        if (clients.isEmpty() || clients.size() != sampled.size()) {
            throw new IllegalStateException(
                    "the client sampler must name at least one client of the roster and none twice, named " + sampled);
        }
        limits.tooFew(clients.size(), aggregator).ifPresent(reason -> {
            throw new IllegalStateException("the client sampler names " + reason + "; see ClientSampler.atLeast");
        });
        Optional<Frame> shared = RoleAnswer.require(frame.apply(context), "function of frame", "an Optional");
        RoundOpening opening =
                new RoundOpening(runId, number + 1, clients, seed, globalAdapter, settings, agreedSettings, shared);
        Limits.beyond(messageLimits, opening).ifPresent(reason -> {
            throw new IllegalStateException(reason + "; see MessageLimits");
        });
        number++;
        round = new Round(opening, compareOpenings, dimensions, limits, aggregator, aggregatorState);
        events.opened(opening);
        return opening;
    }

    /**
     * Takes a client's message, or refuses it; the round goes on either way. Throws nothing, whatever the message holds.
     *
     * @return the receipt to send back, unless the message is a receipt itself: that of a receipt need not be sent
     */
    public synchronized Receipt accept(Message message) {
        Receipt receipt = checkAddress(message)
                .orElseGet(() -> Objects.requireNonNull(round).accept(message));
        events.received(message, receipt);
        return receipt;
    }

    /**
     * Step 7: closes the reports and chooses among the groups. Where fewer clients than {@link Builder#minAnswers} and
     * {@link Builder#minShare} ask for have reported, or fewer than they and {@link Aggregator#leastUpdates} ask for have a
     * chosen group, the round is void: no group is chosen, and {@link #aggregate} says so.
     *
     * @return a message for every client of the round whose report was accepted, in roster order
     * @throws IllegalStateException unless a round takes reports, or if the selector names a centroid that is not there,
     *     or selector or aggregator gives null; what selector and aggregator throw passes through. The round then still
     *     takes reports: select again, or {@link #abandon} it
     */
    public synchronized Map<ClientId, GroupSelection> select() {
        Round open = require(RoundProgress.Step.REPORTS, "select");
        Map<ClientId, GroupSelection> selections = open.select(selector);
        events.selected(number, open.centroids(), selections);
        open.voidReason().ifPresent(reason -> events.tell(l -> l.voided(number, reason)));
        return selections;
    }

    /**
     * Step 10: closes the round.
     *
     * @return the result; where no update came, or too few for {@link Builder#minAnswers}, {@link Builder#minShare} and
     *     {@link Aggregator#leastUpdates}, the adapter is the old one
     * @throws IllegalStateException unless a round takes updates; or if the aggregator failed, gave null, or an adapter
     *     of another form or with NaN or infinity; or if no update was accepted and it failed over one. The round is
     *     closed then all the same, adapter and aggregator's state are the old ones, and the next round can open
     */
    public synchronized RoundResult aggregate() {
        Round ended = require(RoundProgress.Step.UPDATES, "aggregate");
        boolean told = ended.voidReason().isPresent();
        round = null; // closed, whatever the aggregator does
        RoundResult result;
        try {
            result = ended.close();
        } catch (RuntimeException | Error e) {
            events.lost(String.valueOf(e.getMessage()));
            throw e;
        }
        globalAdapter = result.adapter();
        aggregatorState = ended.aggregatorState();
        if (!told) {
            result.voidReason().ifPresent(reason -> events.tell(l -> l.voided(number, reason)));
        }
        events.closed(result);
        return result;
    }

    /**
     * Closes the round at whatever step it is, without a new adapter: for a round that cannot go on. Its number is not
     * used again, so that its late messages are known as such. Does nothing if no round is open.
     */
    public synchronized void abandon() {
        if (round != null) {
            round = null;
            events.lost("abandoned");
        }
    }

    /** The refusal of a message that is not of the open round or not of its clients. */
    private Optional<Receipt> checkAddress(Message message) {
        if (!message.runId().equals(runId)) {
            return refused(
                    message, Refusal.UNKNOWN_RUN, "this run is " + runId + ", the message is of " + message.runId());
        }
        Round open = round;
        int of = message.round();
        if (open == null || of != number) {
            return refused(
                    message,
                    of < 1 || of > number ? Refusal.UNKNOWN_ROUND : Refusal.LATE,
                    (open == null ? "no round is open; " : "round " + number + " is open, ")
                            + "the message is of round " + of);
        }
        if (message.party().isEmpty()) {
            return refused(message, Refusal.WRONG_KIND, "a server takes messages of a client; this one names none");
        }
        ClientId client = message.party().get();
        if (!open.names(client)) {
            return known.contains(client)
                    ? refused(message, Refusal.NOT_IN_ROUND, "round " + number + " does not name client " + client)
                    : refused(message, Refusal.UNKNOWN_CLIENT, "the roster does not name client " + client);
        }
        return Optional.empty();
    }

    private static Optional<Receipt> refused(Message message, Refusal refusal, String reason) {
        return Optional.of(Receipt.refused(message, refusal, reason));
    }

    private void requireClosed(String call) {
        if (!call.equals("state")) {
            events.refuseWhileTelling(call);
        }
        if (round != null) {
            throw wrongMoment(call, "between two rounds");
        }
    }

    private Round require(RoundProgress.Step wanted, String call) {
        events.refuseWhileTelling(call);
        Round open = round;
        if (open == null || open.step() != wanted) {
            throw wrongMoment(call, "in step " + wanted);
        }
        return open;
    }

    private IllegalStateException wrongMoment(String call, String wanted) {
        return new IllegalStateException(call + " was called "
                + (round == null ? "between two rounds" : "in step " + round.step()) + ", it is to be called " + wanted
                + "; the order is open, select, aggregate");
    }

    /** Collects a server's parts. Not safe for many threads. */
    public static final class Builder {
        private @Nullable String runId;
        private @Nullable List<ClientId> roster;
        private ClientSampler sampler = ClientSampler.uniform(0.05);
        private @Nullable CoresetSelector selector;
        private @Nullable Aggregator aggregator;
        private @Nullable LongFunction<Adapter> initialAdapter;
        private @Nullable ServerState state;
        private long seed;
        private int dimensions = 2;
        private Limits limits = Limits.DEFAULTS;
        private boolean compareOpenings = true;
        private @Nullable MessageLimits messageLimits;
        private ServerListener listener = new ServerListener() {};
        private Map<String, String> settings = Map.of();
        private Map<String, String> agreedSettings = Map.of();
        private Function<RoundContext, Optional<Frame>> frame = round -> Optional.empty();

        private Builder() {}

        /**
         * Name of the run, which every message carries, so that messages of two runs cannot be taken for one another: 1 to
         * 200 characters. By default that of the restored state, or one drawn at random.
         */
        public Builder runId(String runId) {
            ClientId.checkName("a run id", Objects.requireNonNull(runId, "runId"));
            this.runId = runId;
            return this;
        }

        /** All clients, one or more, each once; their order is the order of everything that the server computes. */
        public Builder roster(List<ClientId> roster) {
            Objects.requireNonNull(roster, "roster")
                    .forEach(client -> Objects.requireNonNull(client, "a client of the roster"));
            if (roster.isEmpty() || Set.copyOf(roster).size() != roster.size()) {
                throw new IllegalArgumentException(
                        "the roster must name at least one client and none twice, was " + roster);
            }
            this.roster = List.copyOf(roster);
            return this;
        }

        /** Who takes part in a round; a uniform share of 0.05 by default, as in the paper. */
        public Builder sampler(ClientSampler sampler) {
            this.sampler = Objects.requireNonNull(sampler, "sampler");
            return this;
        }

        /** Step 7. */
        public Builder selector(CoresetSelector selector) {
            this.selector = Objects.requireNonNull(selector, "selector");
            return this;
        }

        /** Step 10. */
        public Builder aggregator(Aggregator aggregator) {
            this.aggregator = Objects.requireNonNull(aggregator, "aggregator");
            return this;
        }

        /** The adapter of round 1. */
        public Builder initialAdapter(Adapter initialAdapter) {
            requireFinite(Objects.requireNonNull(initialAdapter, "initialAdapter"));
            return initialAdapter(anySeed -> initialAdapter);
        }

        /** Makes the adapter of round 1 from the run's seed, when the server is built. */
        public Builder initialAdapter(LongFunction<Adapter> initialAdapter) {
            this.initialAdapter = Objects.requireNonNull(initialAdapter, "initialAdapter");
            return this;
        }

        private @Nullable Adapter firstAdapter() {
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
         * Goes on where another server was, instead of before round 1. {@link #build} checks that run id, seed and agreed
         * settings are those set here, that its clients are the first of those set here (more may follow), that the adapter
         * has the form of the initial one, if one is set, and asks {@link Aggregator#checkState}; what the aggregator throws
         * passes through.
         */
        public Builder restore(ServerState state) {
            this.state = Objects.requireNonNull(state, "state to restore");
            return this;
        }

        /**
         * The run's seed; 0 by default. It travels to every client, so nothing that must stay secret (noise, keys) may ever
         * be derived from it.
         */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /**
         * Coordinates of a centroid, those of the clients' {@link io.github.fedhds.fusion.Fusion#dimensions fusion}; 2 by
         * default, as the paper's t-SNE has. With a {@link #frame}, it says how many.
         */
        public Builder dimensions(int dimensions) {
            this.dimensions = Limits.atLeast(1, dimensions, "dimensions");
            return this;
        }

        /**
         * Centroids that one client may send in a round, 1 or more; {@link MessageLimits#centroids} by default, and at most that
         * many. A report with more is refused, for the cost of the server's choice grows with the square of all centroids.
         */
        public Builder maxCentroids(int maxCentroids) {
            this.limits = limits.withMaxCentroids(maxCentroids);
            return this;
        }

        /**
         * Largest coordinate of a centroid, above 0, on either side of zero; 1e9 by default, far more than any features have.
         * A report with a larger one is refused. A liar's far-off centroids draw a choice that seeks the rare: where
         * clients are not trusted, set it to what your features have, and {@link #maxGroups} too.
         */
        public Builder maxCoordinate(double maxCoordinate) {
            this.limits = limits.withMaxCoordinate(maxCoordinate);
            return this;
        }

        /**
         * Groups of one client that are chosen in a round, 1 or more; no bound by default, as in the paper. Where the
         * selector chooses more of a client, those that it names first count.
         */
        public Builder maxGroups(int maxGroups) {
            this.limits = limits.withMaxGroups(maxGroups);
            return this;
        }

        /**
         * Samples that one client may say it holds, or trained on in a round, 1 or more; 1,000,000 by default. A report or
         * an adapter of more is refused. Where clients count by samples, set it to what your clients have: it bounds what a liar weighs.
         */
        public Builder maxSamples(int maxSamples) {
            this.limits = limits.withMaxSamples(maxSamples);
            return this;
        }

        /**
         * Euclidean distance of a client's adapter from the global one, above 0; 1,000,000 by default, far more than any
         * training makes. An adapter farther away is refused. Infinite: not looked at.
         */
        public Builder maxNorm(double maxNorm) {
            this.limits = limits.withMaxNorm(maxNorm);
            return this;
        }

        /**
         * Clients without whose answers a round is void, 0 or more: so many reports when the groups are chosen, so many
         * updates when they are averaged; 0 by default, so that any answer will do and a round without one changes
         * nothing.
         */
        public Builder minAnswers(int minAnswers) {
            this.limits = limits.withMinAnswers(minAnswers);
            return this;
        }

        /**
         * Share of the clients asked without whose answers a round is void, 0 to 1, rounded up: of those that the round
         * names for the reports, of those with a chosen group for the updates; 0 by default.
         */
        public Builder minShare(double minShare) {
            this.limits = limits.withMinShare(minShare);
            return this;
        }

        /**
         * Whether a report must answer the very opening that this server has given, so that answers to an earlier opening of
         * the same round do not count; true by default. False for an application that gives each client an opening of its
         * own, with an adapter of another rank, say.
         */
        public Builder compareOpenings(boolean compareOpenings) {
            this.compareOpenings = compareOpenings;
            return this;
        }

        /**
         * What messages of this run may hold; {@link MessageLimits#forAdapter} of the first adapter by default. Give the
         * codecs of server and clients the same.
         */
        public Builder messageLimits(MessageLimits messageLimits) {
            this.messageLimits = Objects.requireNonNull(messageLimits, "messageLimits");
            return this;
        }

        /** Adds one who is told of all that happens, behind those added before; nobody by default. */
        public Builder listener(ServerListener listener) {
            this.listener = this.listener.andThen(Objects.requireNonNull(listener, "listener"));
            return this;
        }

        /** Settings that every round's opening carries to the clients' roles; none by default. */
        public Builder settings(Map<String, String> settings) {
            this.settings = copyOf(settings, "settings");
            return this;
        }

        /**
         * Settings that every client must have too, by name; none by default. Every opening carries them, and a client that
         * has others takes no part and says which; see {@link FedHdsClient.Builder#agreedSettings}.
         */
        public Builder agreedSettings(Map<String, String> agreedSettings) {
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
         * Coordinates in which all clients of a round send their groups' centres; none by default: then each client sends
         * those of its own fusion, as in the paper.
         *
         * @param frame asked once a round, with the server's context
         */
        public Builder frame(Function<RoundContext, Optional<Frame>> frame) {
            this.frame = Objects.requireNonNull(frame, "frame");
            return this;
        }

        /**
         * The server, before its first round or where the restored one was.
         *
         * @throws NullPointerException if roster, selector, aggregator or initial adapter is not set
         * @throws IllegalArgumentException if the roster has fewer clients than {@link #minAnswers} or
         *     {@link Aggregator#leastUpdates} ask for, or the state to restore is of another run
         */
        public FedHdsServer build() {
            return new FedHdsServer(this);
        }
    }
}
