package io.github.fedhds;

import io.github.fedhds.RoundProgress.Step;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
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
 * What it comes to is a function of the opening and of the messages accepted, in whatever order they came. Withdrawals
 * change only what it reports, never the adapter. For one thread
 * at a time.
 */
final class Round {
    /** Refusals that say nothing against what an adapter holds. */
    private static final Set<Refusal> OF_THE_MOMENT =
            Set.of(Refusal.EARLY, Refusal.OUTDATED, Refusal.CONFLICTING, Refusal.NOT_CHOSEN);

    private final RoundOpening opening;
    private final Set<ClientId> named;
    private final int dimensions;
    private final Limits limits;
    private final Aggregator aggregator;

    private Step step = Step.REPORTS;
    private final Map<ClientId, CentroidReport> reports = new HashMap<>();
    private Map<ClientId, GroupSelection> selections = Map.of();
    private int chosen;
    private List<ClientId> asked = List.of();
    private Optional<String> voidReason = Optional.empty();
    private Adapter aggregatorState;
    private @Nullable Aggregation aggregation;
    private @Nullable Throwable failure;
    private @Nullable RuntimeException refusalFailure;
    private final Map<ClientId, Arrival> arrivals = new HashMap<>();
    private final Map<ClientId, Withdrawal> withdrawals = new HashMap<>();
    private final Set<ClientId> withoutOpening = new HashSet<>();
    private final Set<ClientId> returned = new HashSet<>(); // withdrew, and reported all the same
    private final Set<ClientId> refusedReports = new HashSet<>();
    private final Set<ClientId> refusedUpdates = new HashSet<>();
    private final String openingDigest;

    /** What is kept of an update once the aggregation has it: enough to know a repetition and to report. */
    private record Arrival(String digest, int samples, double meanLoss, TrainingCounts counts) {
        static Arrival of(AdapterUpdate update) {
            return new Arrival(update.adapter().digest(), update.samples(), update.meanLoss(), update.counts());
        }

        /** It is reported only, so a client without one still counts. */
        boolean hasLoss() {
            return Double.isFinite(meanLoss);
        }
    }

    /**
     * A round that takes reports.
     *
     * @param compareOpenings whether reports must answer this very opening
     * @param dimensions coordinates of a centroid where the opening has no frame
     * @param aggregatorState the aggregator's state after the last round that had a result
     */
    Round(
            RoundOpening opening,
            boolean compareOpenings,
            int dimensions,
            Limits limits,
            Aggregator aggregator,
            Adapter aggregatorState) {
        this.opening = opening;
        this.openingDigest = compareOpenings ? opening.digest() : "";
        this.named = new HashSet<>(opening.clients());
        this.dimensions = opening.frame().map(Frame::dimensions).orElse(dimensions);
        this.limits = limits;
        this.aggregator = aggregator;
        this.aggregatorState = aggregatorState;
    }

    RoundOpening opening() {
        return opening;
    }

    Step step() {
        return step;
    }

    Map<ClientId, GroupSelection> selections() {
        return selections;
    }

    boolean names(ClientId client) {
        return named.contains(client);
    }

    Optional<String> voidReason() {
        return voidReason;
    }

    /** The aggregator's state for the next round; changes only in a {@link #close} that gives a new adapter. */
    Adapter aggregatorState() {
        return aggregatorState;
    }

    /** Takes or refuses a message of this round by a client that it names. */
    Receipt accept(Message message) {
        if (message instanceof CentroidReport report) {
            return accept(report);
        } else if (message instanceof AdapterUpdate update) {
            Receipt receipt = accept(update);
            if (step == Step.UPDATES
                    && receipt.refusal()
                            .filter(why -> !OF_THE_MOMENT.contains(why))
                            .isPresent()) {
                refusedUpdates.add(update.client()); // asking it again would bring the same
            }
            return receipt;
        } else if (message instanceof Withdrawal withdrawal) {
            return accept(withdrawal);
        } else if (message instanceof Receipt receipt) {
            if (receipt.answers().equals(Optional.of(MessageKind.SELECTION))
                    && receipt.refusal().equals(Optional.of(Refusal.UNKNOWN_ROUND))) {
                receipt.party().ifPresent(withoutOpening::add); // a client that was started again
            }
            return Receipt.accepted(message);
        }
        return Receipt.refused(
                message,
                Refusal.WRONG_KIND,
                "a server takes reports, adapters, withdrawals and receipts; this is for clients");
    }

    private Receipt accept(Withdrawal withdrawal) {
        withoutOpening.remove(withdrawal.client());
        returned.remove(withdrawal.client());
        Withdrawal before = withdrawals.putIfAbsent(withdrawal.client(), withdrawal);
        if (before == null) {
            return Receipt.accepted(withdrawal);
        }
        return before.equals(withdrawal)
                ? Receipt.alreadyHad(withdrawal)
                : Receipt.refused(
                        withdrawal,
                        Refusal.CONFLICTING,
                        "client " + withdrawal.client() + " has withdrawn from this round for another reason");
    }

    private Receipt accept(CentroidReport report) {
        boolean said = !report.openingDigest().isEmpty() && !openingDigest.isEmpty();
        if (said && !report.openingDigest().equals(openingDigest)) {
            return Receipt.refused(
                    report,
                    Refusal.OUTDATED,
                    "the report answers another opening of round " + number()
                            + "; the server has opened it again since");
        }
        withoutOpening.remove(report.client());
        CentroidReport before = reports.get(report.client());
        if (before != null) {
            return before.equals(report)
                    ? Receipt.alreadyHad(report)
                    : Receipt.refused(
                            report,
                            Refusal.CONFLICTING,
                            "client " + report.client() + " has sent another report in this round");
        }
        if (step != Step.REPORTS) {
            return Receipt.refused(
                    report, Refusal.LATE, "round " + number() + " takes no reports any more; the groups are chosen");
        }
        Optional<Receipt> refusal = limits.refusal(report, dimensions);
        if (refusal.isPresent()) {
            refusedReports.add(report.client());
            return refusal.get();
        }
        reports.put(report.client(), report);
        if (withdrawals.containsKey(report.client())) {
            returned.add(report.client());
        }
        return Receipt.accepted(report);
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
            aggregation = RoleAnswer.require(
                    aggregator.open(opening.context(), aggregatorState), "aggregator", "an Aggregation from open");
        }
        Map<ClientId, GroupSelection> made = new LinkedHashMap<>(); // Map.copyOf would lose the order
        for (ClientId client : opening.clients()) {
            CentroidReport report = reports.get(client);
            if (report != null) {
                made.put(client, GroupSelection.of(report, List.copyOf(groups.getOrDefault(client, Set.of()))));
            }
        }
        chosen = groups.values().stream().mapToInt(Set::size).sum();
        asked = made.values().stream()
                .filter(selection -> !selection.groups().isEmpty())
                .map(GroupSelection::client)
                .toList();
        selections = Collections.unmodifiableMap(made);
        voidReason = reason;
        step = Step.UPDATES;
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
        Coreset coreset = RoleAnswer.require(
                selector.select(Candidates.of(points, samples), opening.context()), "server's selector", "a Coreset");
        for (Group group : coreset.groups()) {
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

    private Receipt accept(AdapterUpdate update) {
        GroupSelection chosenNow = selections.get(update.client());
        if (chosenNow != null
                && !update.selectionDigest().isEmpty()
                && !update.selectionDigest().equals(chosenNow.digest())) {
            return Receipt.refused(
                    update,
                    Refusal.OUTDATED,
                    "the adapter answers another selection of round " + number()
                            + "; the server has opened it again since");
        }
        if (step != Step.UPDATES) {
            return Receipt.refused(
                    update, Refusal.EARLY, "round " + number() + " takes no adapters yet; the groups are not chosen");
        }
        Arrival before = arrivals.get(update.client());
        if (before != null) {
            return before.equals(Arrival.of(update))
                    ? Receipt.alreadyHad(update)
                    : Receipt.refused(
                            update,
                            Refusal.CONFLICTING,
                            "client " + update.client() + " has sent another adapter in this round");
        }
        GroupSelection selection = selections.get(update.client());
        Aggregation open = aggregation;
        if (selection == null || selection.groups().isEmpty() || open == null) {
            return Receipt.refused(
                    update,
                    Refusal.NOT_CHOSEN,
                    "no group of client " + update.client() + " was chosen in round " + number());
        }
        Optional<String> fault;
        try {
            fault = RoleAnswer.require(
                    aggregator.refusal(opening.globalAdapter(), update.adapter()),
                    "aggregator",
                    "an Optional from refusal");
        } catch (RuntimeException e) { // costs this update alone, so that no client can void a round by an odd adapter
            refusalFailure = e;
            return Receipt.refused(update, Refusal.RULE, "the aggregator does not take it: " + e);
        }
        Optional<Receipt> refusal = limits.refusal(update, opening.globalAdapter(), fault);
        if (refusal.isPresent()) {
            return refusal.get();
        }
        if (failure != null) {
            return failed(update, failure);
        }
        Arrival arrival = Arrival.of(update);
        try {
            open.accept(update);
        } catch (IllegalArgumentException e) {
            return Receipt.refused(update, Refusal.RULE, "the aggregator does not take it: " + e.getMessage());
        } catch (RuntimeException e) { // half of the update may be in its sums
            failure = e;
            return failed(update, e);
        } catch (Error e) {
            failure = e;
            throw e;
        }
        arrivals.put(update.client(), arrival);
        return Receipt.accepted(update);
    }

    private Receipt failed(AdapterUpdate update, Throwable cause) {
        return Receipt.refused(update, Refusal.FAILED, "the aggregator failed in round " + number() + ": " + cause);
    }

    /**
     * The end.
     *
     * @throws IllegalStateException if the aggregator failed, or gave an adapter that clients cannot start from
     */
    RoundResult close() {
        Adapter adapter = opening.globalAdapter();
        if (failure != null) {
            throw lost(failure);
        }
        if (refusalFailure != null && arrivals.isEmpty()) { // else the round would be empty without a word
            throw lost(refusalFailure);
        }
        if (voidReason.isEmpty()) {
            voidReason = tooFew("updates", arrivals.size(), asked.size(), updatesNeeded(asked.size()));
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
                centroids(),
                chosen,
                arrivals.size(),
                samples,
                Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, loss)), // what rounding adds may
                withdrawals.size(),
                counts(),
                voidReason);
    }

    private TrainingCounts counts() {
        TrainingCounts sum = TrainingCounts.NONE;
        for (Arrival arrival : arrivals.values()) {
            sum = sum.plus(arrival.counts());
        }
        for (Withdrawal withdrawal : withdrawals.values()) {
            sum = sum.plus(arrivals.containsKey(withdrawal.client()) ? TrainingCounts.NONE : withdrawal.counts());
        }
        return sum;
    }

    /** Centroids of all reports. */
    int centroids() {
        return reports.values().stream()
                .mapToInt(report -> report.centroids().size())
                .sum();
    }

    /** How far the present step is. */
    RoundProgress progress() {
        List<ClientId> ofStep = step == Step.REPORTS ? opening.clients() : asked;
        Set<ClientId> came = step == Step.REPORTS ? reports.keySet() : arrivals.keySet();
        return new RoundProgress(
                number(),
                step,
                ofStep,
                ofStep.stream().filter(came::contains).toList(),
                ofStep.stream().filter(client -> hasWithdrawn(client, came)).toList(),
                ofStep.stream()
                        .filter(client -> !came.contains(client) && !hasWithdrawn(client, came))
                        .toList(),
                step == Step.REPORTS ? limits.answersOf(named.size()) : updatesNeeded(asked.size()),
                voidReason);
    }

    private boolean hasWithdrawn(ClientId client, Set<ClientId> came) {
        Set<ClientId> refused = step == Step.REPORTS ? refusedReports : refusedUpdates;
        return !came.contains(client)
                && ((withdrawals.containsKey(client) && !returned.contains(client)) || refused.contains(client));
    }

    /** What the client is to be sent now. */
    Optional<Message> messageFor(ClientId client) {
        if (withoutOpening.contains(client)) {
            return Optional.of(opening);
        }
        if (!progress().missing().contains(client)) {
            return Optional.empty();
        }
        return step == Step.REPORTS ? Optional.of(opening) : Optional.ofNullable(selections.get(client));
    }

    private Adapter finish(Aggregation open) {
        try {
            Adapter next = RoleAnswer.require(open.finish(), "aggregator", "an Adapter from finish");
            Optional<String> fault =
                    opening.globalAdapter().differenceInForm(next).or(next::firstNonFinite);
            if (fault.isPresent()) {
                throw new IllegalStateException("it gave an adapter that clients cannot start from, " + fault.get());
            }
            Adapter state = RoleAnswer.require(open.state(), "aggregator", "an Adapter from state");
            aggregator.checkState(next, state); // what no round can start from must not be saved either
            aggregatorState = state;
            return next;
        } catch (RuntimeException e) {
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
