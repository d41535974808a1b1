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
import io.github.fedhds.message.Receipt.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.training.Adapter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One open round on the server, as a state machine: takes reports, then, the groups chosen, updates, and ends in a result.
 * What it comes to is a function of the opening and of the messages accepted, in whatever order they came. For one thread
 * at a time.
 */
final class Round {
    /** Where a server is; {@code CLOSED} where it has no round. */
    enum Phase {
        CLOSED,
        REPORTS,
        UPDATES
    }

    private final RoundOpening opening;
    private final Set<ClientId> named;
    private final int dimensions;
    private final Limits limits;
    private final Aggregator aggregator;

    private Phase phase = Phase.REPORTS;
    private final Map<ClientId, CentroidReport> reports = new HashMap<>();
    private Map<ClientId, GroupSelection> selections = Map.of();
    private int chosen;
    private int asked;
    private Optional<String> voidReason = Optional.empty();
    private @Nullable Aggregation aggregation;
    private @Nullable Throwable failure;
    private final Map<ClientId, Arrival> arrivals = new HashMap<>();

    /** What is kept of an update once the aggregation has it: enough to know a repetition and to report. */
    private record Arrival(String digest, int samples, double meanLoss) {
        static Arrival of(AdapterUpdate update) {
            return new Arrival(update.adapter().digest(), update.samples(), update.meanLoss());
        }

        /** It is reported only, so a client without one still counts. */
        boolean hasLoss() {
            return Double.isFinite(meanLoss);
        }
    }

    /**
     * A round that takes reports.
     *
     * @param dimensions coordinates of a centroid where the opening has no frame
     */
    Round(RoundOpening opening, int dimensions, Limits limits, Aggregator aggregator) {
        this.opening = opening;
        this.named = new HashSet<>(opening.clients());
        this.dimensions = opening.frame().map(Frame::dimensions).orElse(dimensions);
        this.limits = limits;
        this.aggregator = aggregator;
    }

    Phase phase() {
        return phase;
    }

    boolean names(ClientId client) {
        return named.contains(client);
    }

    Optional<String> voidReason() {
        return voidReason;
    }

    /** Takes or refuses a report of this round by a client that it names. */
    Receipt accept(CentroidReport report) {
        CentroidReport before = reports.get(report.client());
        if (before != null) {
            return before.equals(report)
                    ? Receipt.alreadyHad()
                    : Receipt.refused(
                            Refusal.CONFLICTING,
                            "client " + report.client() + " has sent another report in this round");
        }
        if (phase != Phase.REPORTS) {
            return Receipt.refused(
                    Refusal.LATE, "round " + number() + " takes no reports any more; the groups are chosen");
        }
        Optional<Receipt> refusal = limits.refusal(report, dimensions);
        if (refusal.isPresent()) {
            return refusal.get();
        }
        reports.put(report.client(), report);
        return Receipt.accepted();
    }

    /** Closes the reports; as a whole, or not at all if a part of the application's throws. */
    Map<ClientId, GroupSelection> select(CoresetSelector selector) {
        Optional<String> reason = tooFew("reports", reports.size(), named.size(), limits.answersOf(named.size()));
        Map<ClientId, Set<Integer>> groups = reason.isEmpty() ? choose(selector) : Map.of();
        int needed = updatesNeeded(groups.size());
        if (reason.isEmpty() && groups.size() < needed) { // then no one need train for it
            reason = Optional.of("groups of " + groups.size()
                    + " clients were chosen, and the round needs the updates of " + needed);
        }
        if (reason.isPresent()) {
            groups = Map.of();
        } else {
            aggregation = aggregator.open(opening.context());
        }
        Map<ClientId, GroupSelection> made = new LinkedHashMap<>(); // Map.copyOf would lose the order
        for (ClientId client : opening.clients()) {
            if (reports.containsKey(client)) {
                List<Integer> own = List.copyOf(groups.getOrDefault(client, Set.of()));
                made.put(client, new GroupSelection(opening.runId(), number(), client, own));
            }
        }
        chosen = groups.values().stream().mapToInt(Set::size).sum();
        asked = groups.size();
        selections = Collections.unmodifiableMap(made);
        voidReason = reason;
        phase = Phase.UPDATES;
        return selections;
    }

    private Map<ClientId, Set<Integer>> choose(CoresetSelector selector) {
        List<ClientId> owners = new ArrayList<>();
        List<Centroid> centroids = new ArrayList<>();
        long samples = 0;
        for (ClientId client : opening.clients()) { // in roster order, so that the choice does not depend on arrival
            CentroidReport report = reports.get(client);
            if (report != null) {
                centroids.addAll(report.centroids());
                samples += report.samples();
                owners.addAll(Collections.nCopies(report.centroids().size(), client));
            }
        }
        Map<ClientId, Set<Integer>> groups = new HashMap<>();
        if (centroids.isEmpty()) {
            return groups;
        }
        Points points = Points.of(centroids.stream().map(Centroid::point).toList());
        for (Group group : selector.select(Candidates.of(points, samples), opening.context())
                .groups()) {
            for (int place : group.representatives()) {
                if (place >= centroids.size()) {
                    throw new IllegalStateException("the server's selector names centroid " + place + ", there are "
                            + centroids.size() + ", counted from 0");
                }
                Set<Integer> own = groups.computeIfAbsent(owners.get(place), c -> new TreeSet<>());
                if (own.size() < limits.maxGroups()) {
                    own.add(centroids.get(place).group());
                }
            }
        }
        return groups;
    }

    /** Takes or refuses an update of this round by a client that it names. */
    Receipt accept(AdapterUpdate update) {
        if (phase != Phase.UPDATES) {
            return Receipt.refused(
                    Refusal.EARLY, "round " + number() + " takes no adapters yet; the groups are not chosen");
        }
        Arrival before = arrivals.get(update.client());
        if (before != null) {
            return before.equals(Arrival.of(update))
                    ? Receipt.alreadyHad()
                    : Receipt.refused(
                            Refusal.CONFLICTING,
                            "client " + update.client() + " has sent another adapter in this round");
        }
        GroupSelection selection = selections.get(update.client());
        Aggregation open = aggregation;
        if (selection == null || selection.groups().isEmpty() || open == null) {
            return Receipt.refused(
                    Refusal.NOT_CHOSEN, "no group of client " + update.client() + " was chosen in round " + number());
        }
        Optional<Receipt> refusal = limits.refusal(update, opening.globalAdapter(), aggregator);
        if (refusal.isPresent()) {
            return refusal.get();
        }
        if (failure != null) {
            return failed(failure);
        }
        Arrival arrival = Arrival.of(update);
        try {
            open.accept(update);
        } catch (IllegalArgumentException e) {
            return Receipt.refused(Refusal.RULE, "the aggregator does not take it: " + e.getMessage());
        } catch (RuntimeException e) { // half of the update may be in its sums
            failure = e;
            return failed(e);
        } catch (Error e) {
            failure = e;
            throw e;
        }
        arrivals.put(update.client(), arrival);
        return Receipt.accepted();
    }

    private Receipt failed(Throwable cause) {
        return Receipt.refused(Refusal.FAILED, "the aggregator failed in round " + number() + ": " + cause);
    }

    /**
     * The end.
     *
     * @throws IllegalStateException if the aggregator failed, or gave an adapter that clients cannot start from; its state
     *     is then the one before
     */
    RoundResult close() {
        Adapter adapter = opening.globalAdapter();
        if (failure != null) {
            throw lost(failure);
        }
        if (voidReason.isEmpty()) {
            voidReason = tooFew("updates", arrivals.size(), asked, updatesNeeded(asked));
        }
        if (voidReason.isEmpty() && aggregation != null && !arrivals.isEmpty()) {
            adapter = finish(aggregation);
        }
        long samples = 0;
        long withLoss = 0;
        for (Arrival arrival : arrivals.values()) {
            samples += arrival.samples();
            withLoss += arrival.hasLoss() ? arrival.samples() : 0;
        }
        double loss = withLoss == 0 ? Double.NaN : 0;
        for (ClientId client : opening.clients()) { // in roster order, so that the sum does not depend on arrival
            Arrival arrival = arrivals.get(client);
            if (arrival != null && arrival.hasLoss()) {
                loss += (double) arrival.samples() / withLoss * arrival.meanLoss(); // shares first: sums would overflow
            }
        }
        return new RoundResult(
                number(),
                adapter,
                named.size(),
                reports.size(),
                reports.values().stream().mapToInt(r -> r.centroids().size()).sum(),
                chosen,
                arrivals.size(),
                samples,
                Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, loss)), // what rounding adds may
                voidReason);
    }

    private Adapter finish(Aggregation open) {
        Adapter state;
        try {
            state = aggregator.state();
        } catch (RuntimeException e) {
            throw lost(e);
        }
        try {
            Adapter next = open.finish();
            Optional<String> fault =
                    opening.globalAdapter().differenceInForm(next).or(next::firstNonFinite);
            if (fault.isPresent()) {
                throw new IllegalStateException("it gave an adapter that clients cannot start from, " + fault.get());
            }
            return next;
        } catch (RuntimeException | Error e) {
            try {
                aggregator.restore(state); // momentum that a NaN has reached would spoil every round to come
            } catch (RuntimeException again) {
                e.addSuppressed(again);
            }
            if (e instanceof Error error) {
                throw error;
            }
            throw lost(e);
        }
    }

    private IllegalStateException lost(Throwable cause) {
        return new IllegalStateException(
                "the aggregator " + aggregator + " failed in round " + number()
                        + "; the round is closed and the adapter is the old one: " + cause,
                cause);
    }

    private static Optional<String> tooFew(String what, int came, int asked, int needed) {
        return came >= needed
                ? Optional.empty()
                : Optional.of(
                        came + " " + what + " came of " + asked + " clients asked, and the round needs " + needed);
    }

    private int updatesNeeded(int asked) {
        int ofTheRule = aggregator.leastUpdates(); // 1 asks for nothing: without an update the adapter stays anyway
        return Math.max(limits.answersOf(asked), asked == 0 || ofTheRule == 1 ? 0 : ofTheRule);
    }

    private int number() {
        return opening.round();
    }
}
