package io.github.fedhds;

import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.training.Adapter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The server: names a round's clients, chooses representative groups among their centroids, averages their adapters. It
 * knows no transport. A round is {@link #open}, {@link #accept(CentroidReport)} of each report, {@link #select},
 * {@link #accept(AdapterUpdate)} of each update, {@link #aggregate}; the application says when a step is over, and what
 * has not come by then does not count. The result depends on what was accepted, never on the order. No message makes it
 * throw, whatever it holds; a part of the application's own may, and then the server goes on as the method says.
 *
 * <p>Safe for many threads; one call runs at a time.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning</a>
 */
public final class FedHdsServer {
    private enum Phase {
        CLOSED,
        REPORTS,
        UPDATES
    }

    private final String runId;
    private final List<ClientId> roster;
    private final ClientSampler sampler;
    private final CoresetSelector selector;
    private final Aggregator aggregator;
    private final long seed;
    private final int dimensions;
    private final int maxCentroids;
    private final Map<String, String> settings;
    private final Function<RoundContext, Optional<Frame>> frame;

    private Phase phase = Phase.CLOSED;
    private int round;
    private Adapter globalAdapter;
    private @Nullable RoundOpening opening;
    private @Nullable Aggregation aggregation;
    private @Nullable RuntimeException aggregatorFailure;
    private final Map<ClientId, CentroidReport> reports = new HashMap<>();
    private Map<ClientId, GroupSelection> selections = Map.of();
    private final Map<ClientId, Arrival> arrivals = new HashMap<>();
    private int chosen;

    /** What is kept of an update once the aggregation has it: enough to know a repetition and to report. */
    private record Arrival(String digest, int samples, double meanLoss) {}

    private FedHdsServer(Builder builder) {
        runId = builder.runId;
        roster = builder.roster;
        sampler = builder.sampler;
        selector = Objects.requireNonNull(builder.selector, "a server needs a selector; set it on the builder");
        aggregator = Objects.requireNonNull(builder.aggregator, "a server needs an aggregator; set it on the builder");
        globalAdapter = Objects.requireNonNull(
                builder.initialAdapter, "a server needs an initialAdapter; set it on the builder");
        seed = builder.seed;
        dimensions = builder.dimensions;
        maxCentroids = builder.maxCentroids;
        settings = builder.settings;
        frame = builder.frame;
        if (roster.isEmpty()) {
            throw new IllegalArgumentException("the roster is empty; name at least one client");
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

    /** All clients, in roster order. */
    public List<ClientId> roster() {
        return roster;
    }

    /**
     * Step 1: opens the next round.
     *
     * @return the message to the clients that it names
     * @throws IllegalStateException if a round is open, or the sampler names clients that it must not; what sampler and
     *     frame throw passes through. No round is open then, and open may be called again
     */
    public synchronized RoundOpening open() {
        require(Phase.CLOSED, "open");
        RoundContext context = new RoundContext(runId, round + 1, Optional.empty(), seed, globalAdapter, settings);
        List<ClientId> sampled = sampler.sample(roster, context);
        Set<ClientId> named = new HashSet<>(sampled);
        List<ClientId> clients = roster.stream().filter(named::contains).toList();
        if (clients.isEmpty() || clients.size() != sampled.size()) {
            throw new IllegalStateException(
                    "the client sampler must name at least one client of the roster and none twice, named " + sampled);
        }
        Optional<Frame> shared = frame.apply(context);
        round++;
        RoundOpening message = new RoundOpening(runId, round, clients, seed, globalAdapter, settings, shared);
        opening = message;
        reports.clear();
        selections = Map.of();
        arrivals.clear();
        aggregatorFailure = null;
        chosen = 0;
        phase = Phase.REPORTS;
        return message;
    }

    /** Takes a client's centroids, or refuses them; the round goes on either way. */
    public synchronized Receipt accept(CentroidReport report) {
        Optional<Receipt> refusal = refusal(report.runId(), report.round(), report.client());
        if (refusal.isPresent()) {
            return refusal.get();
        }
        CentroidReport before = reports.get(report.client());
        if (before != null) {
            return before.equals(report)
                    ? Receipt.alreadyHad()
                    : Receipt.refused("client " + report.client() + " has sent another report in this round");
        }
        if (phase != Phase.REPORTS) {
            return Receipt.refused("round " + round + " takes no reports any more; the groups are chosen");
        }
        if (report.centroids().size() > maxCentroids) {
            return Receipt.refused("client " + report.client() + " sends "
                    + report.centroids().size() + " centroids, this server takes at most " + maxCentroids
                    + " of a client");
        }
        int expected = current().frame().map(Frame::dimensions).orElse(dimensions);
        for (int i = 0; i < report.centroids().size(); i++) {
            Centroid centroid = report.centroids().get(i);
            if (centroid.group() != i) {
                return Receipt.refused(
                        "centroids are in group order from 0; place " + i + " holds group " + centroid.group());
            }
            if (centroid.point().length != expected) {
                return Receipt.refused(
                        "centroid " + i + " has " + centroid.point().length + " coordinates, this run has " + expected);
            }
            if (!Arrays.stream(centroid.point()).allMatch(Double::isFinite)) {
                return Receipt.refused("centroid " + i + " is not finite: " + Arrays.toString(centroid.point()));
            }
        }
        reports.put(report.client(), report);
        return Receipt.accepted();
    }

    /**
     * Step 7: closes the reports and chooses among the groups.
     *
     * @return a message for every client of the round whose report was accepted, in roster order
     * @throws IllegalStateException unless a round takes reports, or if the selector names a centroid that is not there;
     *     what selector and aggregator throw passes through. The round then still takes reports: select again, or
     *     {@link #abandon} it
     */
    public synchronized Map<ClientId, GroupSelection> select() {
        require(Phase.REPORTS, "select");
        RoundContext context = current().context();
        List<ClientId> owners = new ArrayList<>();
        List<Centroid> centroids = new ArrayList<>();
        for (ClientId client : current().clients()) {
            CentroidReport report = reports.get(client);
            if (report != null) {
                for (Centroid centroid : report.centroids()) {
                    owners.add(client);
                    centroids.add(centroid);
                }
            }
        }
        Map<ClientId, Set<Integer>> groups = new HashMap<>();
        int picked = 0;
        if (!centroids.isEmpty()) {
            Points points = Points.of(centroids.stream().map(Centroid::point).toList());
            for (Group group : selector.select(Candidates.of(points), context).groups()) {
                for (int place : group.representatives()) {
                    if (place >= centroids.size()) {
                        throw new IllegalStateException("the server's selector names centroid " + place + ", there are "
                                + centroids.size() + ", counted from 0");
                    }
                    groups.computeIfAbsent(owners.get(place), c -> new TreeSet<>())
                            .add(centroids.get(place).group());
                    picked++;
                }
            }
        }
        Map<ClientId, GroupSelection> made = new LinkedHashMap<>(); // Map.copyOf would lose the order
        for (ClientId client : current().clients()) {
            if (reports.containsKey(client)) {
                made.put(
                        client,
                        new GroupSelection(runId, round, client, List.copyOf(groups.getOrDefault(client, Set.of()))));
            }
        }
        aggregation = aggregator.open(context);
        chosen = picked; // from here on nothing throws: the step closes as a whole or not at all
        selections = Collections.unmodifiableMap(made);
        phase = Phase.UPDATES;
        return selections;
    }

    /** Takes a client's adapter, or refuses it; the round goes on either way. */
    public synchronized Receipt accept(AdapterUpdate update) {
        Optional<Receipt> refusal = refusal(update.runId(), update.round(), update.client());
        if (refusal.isPresent()) {
            return refusal.get();
        }
        Aggregation open = aggregation;
        if (phase != Phase.UPDATES || open == null) {
            return Receipt.refused("round " + round + " takes no adapters yet; the groups are not chosen");
        }
        Arrival before = arrivals.get(update.client());
        if (before != null) {
            Arrival again = new Arrival(update.adapter().digest(), update.samples(), update.meanLoss());
            return before.equals(again)
                    ? Receipt.alreadyHad()
                    : Receipt.refused("client " + update.client() + " has sent another adapter in this round");
        }
        GroupSelection selection = selections.get(update.client());
        if (selection == null || selection.groups().isEmpty()) {
            return Receipt.refused("no group of client " + update.client() + " was chosen in round " + round);
        }
        if (update.samples() < 1) {
            return Receipt.refused("an adapter is trained on 1 sample or more, was " + update.samples());
        }
        Optional<String> fault = aggregator.refusal(globalAdapter, update.adapter());
        if (fault.isPresent()) {
            return Receipt.refused(fault.get());
        }
        if (aggregatorFailure != null) {
            return Receipt.refused("the aggregator failed in round " + round + ": " + aggregatorFailure);
        }
        try {
            open.accept(update);
        } catch (IllegalArgumentException e) {
            return Receipt.refused("the aggregator does not take it: " + e.getMessage());
        } catch (RuntimeException e) { // half of the update may be in its sums
            aggregatorFailure = e;
            return Receipt.refused("the aggregator failed in round " + round + ": " + e);
        }
        arrivals.put(update.client(), new Arrival(update.adapter().digest(), update.samples(), update.meanLoss()));
        return Receipt.accepted();
    }

    /**
     * Step 10: closes the round.
     *
     * @return the result; where no update came, the adapter is the old one
     * @throws IllegalStateException unless a round takes updates; or if the aggregator failed, or gave an adapter of
     *     another form or with NaN or infinity. The round is closed then all the same and the adapter is the old one, so
     *     that the next round can open
     */
    public synchronized RoundResult aggregate() {
        require(Phase.UPDATES, "aggregate");
        Aggregation open = Objects.requireNonNull(aggregation);
        abandon();
        if (!arrivals.isEmpty() || aggregatorFailure != null) {
            globalAdapter = next(open);
        }
        long samples = 0;
        long withLoss = 0;
        double loss = 0;
        for (ClientId client : current().clients()) { // in roster order, so that the sum does not depend on arrival
            Arrival arrival = arrivals.get(client);
            if (arrival != null) {
                samples += arrival.samples();
                if (Double.isFinite(arrival.meanLoss())) { // it is reported only, so a client without one still counts
                    withLoss += arrival.samples();
                    loss += arrival.samples() * arrival.meanLoss();
                }
            }
        }
        return new RoundResult(
                round,
                globalAdapter,
                current().clients().size(),
                reports.size(),
                reports.values().stream().mapToInt(r -> r.centroids().size()).sum(),
                chosen,
                arrivals.size(),
                samples,
                withLoss == 0 ? Double.NaN : loss / withLoss);
    }

    private Adapter next(Aggregation open) {
        String closed = " in round " + round + "; the round is closed and the adapter is the old one: ";
        RuntimeException failure = aggregatorFailure;
        if (failure == null) {
            try {
                Adapter next = open.finish();
                Optional<String> fault = globalAdapter.differenceInForm(next).or(next::firstNonFinite);
                if (fault.isEmpty()) {
                    return next;
                }
                throw new IllegalStateException("it gave an adapter that clients cannot start from, " + fault.get());
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        throw new IllegalStateException("the aggregator " + aggregator + " failed" + closed + failure, failure);
    }

    /**
     * Closes the round at whatever step it is, without a new adapter: for a round that cannot go on. Its number is not
     * used again, so that its late messages are known as such. Does nothing if no round is open.
     */
    public synchronized void abandon() {
        aggregation = null;
        phase = Phase.CLOSED;
    }

    private Optional<Receipt> refusal(String messageRun, int messageRound, ClientId client) {
        if (!messageRun.equals(runId)) {
            return Optional.of(Receipt.refused("this run is " + runId + ", the message is of " + messageRun));
        }
        if (phase == Phase.CLOSED || messageRound != round) {
            return Optional.of(Receipt.refused(
                    phase == Phase.CLOSED
                            ? "no round is open; the message is of round " + messageRound
                            : "round " + round + " is open, the message is of round " + messageRound));
        }
        if (!current().clients().contains(client)) {
            return Optional.of(Receipt.refused("round " + round + " does not name client " + client));
        }
        return Optional.empty();
    }

    private RoundOpening current() {
        return Objects.requireNonNull(opening);
    }

    private void require(Phase wanted, String call) {
        if (phase != wanted) {
            throw new IllegalStateException(call + " was called in phase " + phase + ", it belongs to " + wanted
                    + "; a round is open, select, aggregate");
        }
    }

    /** Collects a server's parts. Not safe for many threads. */
    public static final class Builder {
        private String runId = "run";
        private List<ClientId> roster = List.of();
        private ClientSampler sampler = ClientSampler.uniform(0.05);
        private @Nullable CoresetSelector selector;
        private @Nullable Aggregator aggregator;
        private @Nullable Adapter initialAdapter;
        private long seed;
        private int dimensions = 2;
        private int maxCentroids = 10_000;
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

        /** The run's seed; 0 by default. */
        public Builder seed(long newSeed) {
            seed = newSeed;
            return this;
        }

        /** Coordinates of a centroid; 2 by default, as the paper's t-SNE has. With a {@link #frame}, it says how many. */
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

        /** The server, before its first round. */
        public FedHdsServer build() {
            return new FedHdsServer(this);
        }
    }
}
