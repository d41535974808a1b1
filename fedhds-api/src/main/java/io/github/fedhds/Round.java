package io.github.fedhds;

import io.github.fedhds.RoundProgress.Step;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregation.MeanUpdate;
import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.aggregation.SecureServer;
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
import io.github.fedhds.message.SumPart;
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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One open round on the server: takes reports, then, once groups are selected, updates, and closes with a result. The result
 * is a function of the opening and of the accepted messages, in whatever order they arrived. Withdrawals change only the
 * counts, never the adapter. For one thread at a time.
 */
final class Round {
    /** Refusals that are not about the content of an adapter. */
    private static final Set<Refusal> OF_THE_MOMENT =
            Set.of(Refusal.EARLY, Refusal.OUTDATED, Refusal.CONFLICTING, Refusal.NOT_CHOSEN);

    private final RoundOpening opening;
    private final Set<ClientId> named;
    private final int dimensions;
    private final Limits limits;
    private final Updates updates;
    private final Points earlier;
    private final Optional<SecureAggregation> secure;

    private Step step = Step.REPORTS;
    private final Map<ClientId, CentroidReport> reports = new HashMap<>();
    private Map<ClientId, GroupSelection> selections = Map.of();
    private int chosen;
    private List<ClientId> asked = List.of();
    private Optional<String> voidReason = Optional.empty();
    private final Map<ClientId, Withdrawal> withdrawals = new HashMap<>();
    private final Set<ClientId> withoutOpening = new HashSet<>();
    private final Set<ClientId> returned = new HashSet<>(); // withdrew and reported later
    private final Set<ClientId> refusedReports = new HashSet<>();
    private final Set<ClientId> refusedUpdates = new HashSet<>();
    private final String openingDigest;
    private @Nullable RoundSum sum; // from the choice of groups on, with secure aggregation

    /**
     * A round that takes reports.
     *
     * @param compareOpenings whether reports must answer this very opening
     * @param dimensions coordinates of a centroid where the opening has no frame
     * @param aggregatorState the aggregator's state after the last round that had a result
     * @param secure how updates are summed; empty: each is received
     * @param earlier points that were chosen before, or none
     */
    Round(
            RoundOpening opening,
            boolean compareOpenings,
            int dimensions,
            Limits limits,
            Aggregator aggregator,
            Adapter aggregatorState,
            Optional<SecureAggregation> secure,
            Points earlier) {
        this.opening = opening;
        this.secure = secure;
        this.earlier = earlier;
        this.openingDigest = compareOpenings ? opening.digest() : "";
        this.named = new HashSet<>(opening.clients());
        this.dimensions = opening.frame().map(Frame::dimensions).orElse(dimensions);
        this.limits = limits;
        this.updates = new Updates(opening, limits, aggregator, aggregatorState);
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

    /** The aggregator's state for the next round. */
    Adapter aggregatorState() {
        return updates.state();
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
        } else if (message instanceof SumPart part) {
            return accept(part);
        } else if (message instanceof Withdrawal withdrawal) {
            return accept(withdrawal);
        } else if (message instanceof Receipt receipt) {
            RoundSum open = sum;
            if (open != null && receipt.isRefused()) {
                open.noteRefusal(receipt);
            }
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
        Withdrawal before = withdrawals.get(withdrawal.client());
        boolean again = returned.contains(withdrawal.client()) && !withdrawal.equals(before);
        if (before == null || again) {
            withdrawals.put(withdrawal.client(), withdrawal);
            returned.remove(withdrawal.client());
            withoutOpening.remove(withdrawal.client());
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
                            + "; the server has opened it again since, or the codec rounds the adapter of openings"
                            + " (then set compareOpenings(false))");
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

    /** Stops taking reports and selects groups; changes nothing if a role throws. */
    Map<ClientId, GroupSelection> select(CoresetSelector selector) {
        Optional<String> reason = tooFew("reports", reports.size(), named.size(), limits.answersOf(named.size()));
        Map<ClientId, Set<Integer>> groups = reason.isEmpty() ? choose(selector) : Map.of();
        int needed = needed(groups.size());
        if (reason.isEmpty() && groups.size() < needed) { // then no client has to train
            reason = Optional.of("groups of " + groups.size()
                    + " clients were chosen, and the round needs the updates of " + needed);
        }
        Optional<SecureServer> server = Optional.empty();
        if (reason.isEmpty() && !groups.isEmpty() && secure.isPresent()) {
            try {
                server = Optional.of(RoleAnswer.require(
                        secure.get().server(opening.context()), "secure aggregation", "a SecureServer"));
            } catch (IllegalArgumentException e) {
                reason = Optional.of("the updates cannot be summed: " + e.getMessage());
            }
        }
        if (reason.isPresent()) {
            groups = Map.of();
        } else {
            updates.open();
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
        if (server.isPresent()) {
            sum = new RoundSum(opening, server.get(), asked);
            step = sum.step();
        }
        return selections;
    }

    /** Ends an exchange of the secure sum; the round is void if there are too few answers. Gives the messages of the next one. */
    Map<ClientId, Message> proceed() {
        RoundSum open = Objects.requireNonNull(sum);
        Optional<String> reason =
                tooFew("answers", open.answered().size(), open.asked().size(), Math.max(1, needed(asked.size())));
        Map<ClientId, Message> next = Map.of();
        if (reason.isEmpty()) {
            try {
                next = open.next();
            } catch (IllegalArgumentException e) {
                reason = Optional.of("the secure sum cannot go on: " + e.getMessage());
            }
        }
        if (reason.isPresent()) {
            voidReason = reason;
            sum = null;
            asked = List.of();
            step = Step.UPDATES;
        } else {
            step = open.step();
        }
        return next;
    }

    private Receipt accept(SumPart part) {
        if (secure.isEmpty()) {
            return Receipt.refused(
                    part,
                    Refusal.WRONG_KIND,
                    "this server has no secure aggregation; set the same on server and clients");
        }
        if (sum != null) {
            return sum.accept(part);
        }
        return step == Step.REPORTS
                ? Receipt.refused(part, Refusal.EARLY, "the groups of round " + number() + " are not chosen yet")
                : Receipt.refused(part, Refusal.LATE, "the secure sum of round " + number() + " has ended");
    }

    private Map<ClientId, Set<Integer>> choose(CoresetSelector selector) {
        List<CentroidReport> inOrder = opening.clients().stream() // so that the choice does not depend on arrival
                .map(reports::get)
                .filter(Objects::nonNull)
                .toList();
        List<Centroid> centroids =
                inOrder.stream().flatMap(report -> report.centroids().stream()).toList();
        Map<ClientId, Set<Integer>> groups = new HashMap<>();
        if (centroids.isEmpty()) {
            return groups;
        }
        Candidates candidates = Candidates.ofClients(
                inOrder.stream()
                        .map(report -> Points.of(
                                report.centroids().stream().map(Centroid::point).toList()))
                        .toList(),
                inOrder.stream().mapToLong(CentroidReport::samples).toArray(),
                earlier);
        int[] owners = candidates.owners();
        Coreset coreset =
                RoleAnswer.require(selector.select(candidates, opening.context()), "server's selector", "a Coreset");
        for (Group group : coreset.groups()) {
            for (int place : group.representatives()) {
                if (place >= centroids.size()) {
                    throw new IllegalStateException("the server's selector names centroid " + place + ", there are "
                            + centroids.size() + ", counted from 0");
                }
                Set<Integer> own =
                        groups.computeIfAbsent(inOrder.get(owners[place]).client(), c -> new TreeSet<>());
                if (own.size() < limits.maxGroups()) {
                    own.add(centroids.get(place).group());
                }
            }
        }
        return groups;
    }

    private Receipt accept(AdapterUpdate update) {
        if (secure.isPresent()) {
            return Receipt.refused(
                    update,
                    Refusal.WRONG_KIND,
                    "this server takes parts of a secure sum, not adapters; set secureAggregation on the client too");
        }
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
        return updates.accept(update, chosenNow);
    }

    /**
     * Closes the round.
     *
     * @throws IllegalStateException if the aggregator failed, or gave an adapter that clients cannot start from
     */
    RoundResult close() {
        updates.checkFailure();
        addMean();
        int came = updates.clients().size();
        if (voidReason.isEmpty()) {
            voidReason = tooFew("updates", came, asked.size(), needed(asked.size()));
        }
        return new RoundResult(
                number(),
                voidReason.isEmpty() ? updates.finish() : opening.globalAdapter(),
                named.size(),
                reports.size(),
                centroids(),
                chosen,
                came,
                updates.samples(),
                updates.meanLoss(),
                withdrawals.size(),
                counts(),
                voidReason);
    }

    private void addMean() {
        RoundSum open = sum;
        if (open == null || voidReason.isPresent()) {
            return;
        }
        try {
            MeanUpdate mean = open.mean();
            updates.acceptMean(Set.copyOf(open.asked()), mean);
        } catch (IllegalStateException | IllegalArgumentException e) {
            voidReason = Optional.of("the secure sum has no result: " + e.getMessage());
        }
    }

    private TrainingCounts counts() {
        return withdrawals.values().stream()
                .filter(withdrawal -> !updates.clients().contains(withdrawal.client()))
                .map(Withdrawal::counts)
                .reduce(updates.counts(), TrainingCounts::plus);
    }

    /** The points of the chosen groups on which a client has trained, in registered order. */
    List<double[]> trainedPoints() {
        List<double[]> points = new ArrayList<>();
        for (ClientId client : opening.clients()) {
            GroupSelection selection = selections.get(client);
            if (selection != null && updates.clients().contains(client)) {
                Set<Integer> groups = new HashSet<>(selection.groups());
                for (Centroid centroid :
                        Objects.requireNonNull(reports.get(client)).centroids()) {
                    if (groups.contains(centroid.group())) {
                        points.add(centroid.point());
                    }
                }
            }
        }
        return points;
    }

    /** Centroids of all reports. */
    int centroids() {
        return reports.values().stream()
                .mapToInt(report -> report.centroids().size())
                .sum();
    }

    /** Who has answered the present step, and who is missing. */
    RoundProgress progress() {
        RoundSum open = sum;
        List<ClientId> ofStep = step == Step.REPORTS ? opening.clients() : open != null ? open.asked() : asked;
        Set<ClientId> came =
                step == Step.REPORTS ? reports.keySet() : open != null ? open.answered() : updates.clients();
        return new RoundProgress(
                number(),
                step,
                ofStep,
                ofStep.stream().filter(came::contains).toList(),
                ofStep.stream().filter(client -> hasWithdrawn(client, came)).toList(),
                ofStep.stream()
                        .filter(client -> !came.contains(client) && !hasWithdrawn(client, came))
                        .toList(),
                step == Step.REPORTS ? limits.answersOf(named.size()) : needed(asked.size()),
                voidReason);
    }

    private boolean hasWithdrawn(ClientId client, Set<ClientId> came) {
        RoundSum open = sum;
        Set<ClientId> refused = step == Step.REPORTS ? refusedReports : open != null ? open.refused() : refusedUpdates;
        return !came.contains(client)
                && ((withdrawals.containsKey(client) && !returned.contains(client)) || refused.contains(client));
    }

    /** The message that the client is waiting for. */
    Optional<Message> messageFor(ClientId client) {
        if (withoutOpening.contains(client)) {
            return Optional.of(opening);
        }
        if (!progress().missing().contains(client)) {
            return Optional.empty();
        }
        if (step == Step.REPORTS) {
            return Optional.of(opening);
        }
        return step == Step.KEYS || sum == null ? Optional.ofNullable(selections.get(client)) : sum.requestFor(client);
    }

    /** Updates that are needed of so many clients asked; none of none. */
    private int needed(int clients) {
        int ofSum =
                clients == 0 ? 0 : secure.map(SecureAggregation::leastClients).orElse(0);
        return Math.max(ofSum, updates.needed(clients));
    }

    private static Optional<String> tooFew(String what, int came, int asked, int needed) {
        return came >= needed
                ? Optional.empty()
                : Optional.of(
                        came + " " + what + " came of " + asked + " clients asked, and the round needs " + needed);
    }

    private int number() {
        return opening.round();
    }
}
