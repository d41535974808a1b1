package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregation.MeanUpdate;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The updates of one round: checks each, gives it to the aggregator, and keeps what the result reports of it. A failure of
 * the aggregator is kept and thrown when the round closes. For one thread at a time.
 */
final class Updates {
    /** Name of the sender of a mean, which is nobody's update. */
    private static final ClientId MEAN = new ClientId("mean");

    private final RoundOpening opening;
    private final Limits limits;
    private final Aggregator aggregator;
    private Adapter state;
    private @Nullable Aggregation aggregation;
    private @Nullable Throwable failure;
    private @Nullable RuntimeException refusalFailure;
    private @Nullable MeanUpdate mean; // of a secure sum
    private final Map<ClientId, Arrival> arrivals = new HashMap<>();

    /** What is kept of an accepted update: enough to recognize a repetition and to report. */
    private record Arrival(String digest, int samples, double meanLoss, TrainingCounts counts) {
        static Arrival of(AdapterUpdate update) {
            return new Arrival(update.adapter().digest(), update.samples(), update.meanLoss(), update.counts());
        }

        /** The loss is only reported, so an update without one still counts. */
        boolean hasLoss() {
            return Double.isFinite(meanLoss);
        }
    }

    /** @param state the aggregator's state after the last round that had a result */
    Updates(RoundOpening opening, Limits limits, Aggregator aggregator, Adapter state) {
        this.opening = opening;
        this.limits = limits;
        this.aggregator = aggregator;
        this.state = state;
    }

    /** Starts the aggregation; without it no update is accepted. */
    void open() {
        aggregation =
                RoleAnswer.require(aggregator.open(opening.context(), state), "aggregator", "an Aggregation from open");
    }

    /** Clients whose update was accepted. */
    Set<ClientId> clients() {
        return arrivals.keySet();
    }

    /** The aggregator's state for the next round; changes only in a {@link #finish} that gives a new adapter. */
    Adapter state() {
        return state;
    }

    /** Updates that are needed of so many clients asked. */
    int needed(int asked) {
        int ofTheRule = aggregator.leastUpdates(); // 1 requires nothing: without an update the adapter stays anyway
        return Math.max(limits.answersOf(asked), asked == 0 || ofTheRule == 1 ? 0 : ofTheRule);
    }

    Receipt accept(AdapterUpdate update, @Nullable GroupSelection selection) {
        Arrival before = arrivals.get(update.client());
        if (before != null) {
            return before.equals(Arrival.of(update))
                    ? Receipt.alreadyHad(update)
                    : Receipt.refused(
                            update,
                            Refusal.CONFLICTING,
                            "client " + update.client() + " has sent another adapter in this round");
        }
        Aggregation open = aggregation;
        if (selection == null || selection.groups().isEmpty() || open == null) {
            return Receipt.refused(
                    update,
                    Refusal.NOT_CHOSEN,
                    "no group of client " + update.client() + " was chosen in round " + opening.round());
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
        } catch (RuntimeException e) { // its sums may hold half of the update
            failure = e;
            return failed(update, e);
        } catch (Error e) {
            failure = e;
            throw e;
        }
        arrivals.put(update.client(), arrival);
        return Receipt.accepted(update);
    }

    /**
     * Takes the mean of the updates of these clients in place of their updates.
     *
     * @throws IllegalStateException if it cannot count; the message says why
     */
    void acceptMean(Set<ClientId> of, MeanUpdate summed) {
        Adapter global = opening.globalAdapter();
        Optional<String> fault = aggregator
                .refusal(global, summed.adapter())
                .or(() -> limits.tooFar(summed.adapter(), global).map(far -> "it is " + far));
        if (fault.isPresent()) {
            throw new IllegalStateException("the mean of the secure sum cannot count: " + fault.get());
        }
        Objects.requireNonNull(aggregation)
                .accept(new AdapterUpdate(
                        opening.runId(),
                        opening.round(),
                        MEAN,
                        summed.adapter(),
                        (int) Math.min(Integer.MAX_VALUE, summed.samples()),
                        summed.meanLoss()));
        of.forEach(client -> arrivals.put(client, new Arrival("", 0, Double.NaN, TrainingCounts.NONE)));
        mean = summed;
    }

    private Receipt failed(AdapterUpdate update, Throwable cause) {
        return Receipt.refused(
                update, Refusal.FAILED, "the aggregator failed in round " + opening.round() + ": " + cause);
    }

    /** Throws the failure of the aggregator that the round cannot end with, if there was one. */
    void checkFailure() {
        if (failure != null) {
            throw lost(failure);
        }
        if (refusalFailure != null && arrivals.isEmpty()) { // else the round would be empty without a word
            throw lost(refusalFailure);
        }
    }

    /**
     * The next global adapter; the old one where no update was accepted, unless the rule changes it then too.
     *
     * @throws IllegalStateException if the aggregator failed, or gave an adapter that clients cannot start from
     */
    Adapter finish() {
        Aggregation open = aggregation;
        if (open == null || arrivals.isEmpty() && !aggregator.changesWithoutUpdates()) {
            return opening.globalAdapter();
        }
        try {
            Adapter next = RoleAnswer.require(open.finish(), "aggregator", "an Adapter from finish");
            Optional<String> fault =
                    opening.globalAdapter().differenceInForm(next).or(next::firstNonFinite);
            if (fault.isPresent()) {
                throw new IllegalStateException("it gave an adapter that clients cannot start from, " + fault.get());
            }
            Adapter nextState = RoleAnswer.require(open.state(), "aggregator", "an Adapter from state");
            aggregator.checkState(next, nextState); // what no round can start from must not be saved either
            state = nextState;
            return next;
        } catch (RuntimeException e) {
            throw lost(e);
        }
    }

    private IllegalStateException lost(Throwable cause) {
        return new IllegalStateException(
                RoleAnswer.describe("the aggregator", aggregator) + " failed in round " + opening.round()
                        + "; the round is closed and the adapter is the old one: " + cause,
                cause);
    }

    long samples() {
        return mean != null
                ? mean.samples()
                : arrivals.values().stream().mapToLong(Arrival::samples).sum();
    }

    /** Mean training loss, each client with the weight of its samples; NaN where no client reported one. */
    double meanLoss() {
        if (mean != null) {
            return mean.meanLoss();
        }
        long withLoss = arrivals.values().stream()
                .filter(Arrival::hasLoss)
                .mapToLong(Arrival::samples)
                .sum();
        double loss = withLoss == 0 ? Double.NaN : 0;
        for (ClientId client : opening.clients()) { // in registered order, so that the sum does not depend on arrival
            Arrival arrival = arrivals.get(client);
            if (arrival != null && arrival.hasLoss()) {
                loss += (double) arrival.samples() / withLoss * arrival.meanLoss(); // shares first: sums would overflow
            }
        }
        return Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, loss)); // rounding may add
    }

    TrainingCounts counts() {
        return arrivals.values().stream().map(Arrival::counts).reduce(TrainingCounts.NONE, TrainingCounts::plus);
    }
}
