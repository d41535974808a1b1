package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.internal.RoleName;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the rounds of all rules check: each update, their number, the result. */
abstract class RuleRound implements Aggregation {
    final Adapter global;
    /** The state for the next round: the one that this round was opened with, until {@link #next} sets another. */
    Adapter nextState;

    private final Aggregator rule;
    private final Set<ClientId> clients = new HashSet<>();
    private boolean finished;

    /**
     * A round without updates.
     *
     * @throws IllegalArgumentException if no round of the rule can start from this state
     */
    RuleRound(Aggregator rule, Adapter global, Adapter state) {
        rule.checkState(global, state);
        this.rule = rule;
        this.global = global;
        nextState = state;
    }

    /** Refuses a rule that could never finish, where the number of clients is known before the first round. */
    static <A extends Aggregator> A among(int clients, A rule) {
        if (clients < rule.leastUpdates()) {
            throw new IllegalArgumentException(shortage(rule, clients));
        }
        return rule;
    }

    private static String shortage(Aggregator rule, int updates) {
        return RoleName.of(rule, "a rule of the application") + " needs " + rule.leastUpdates()
                + " updates or more, n = " + updates
                + "; name more clients, wait for more of them, or tolerate fewer attackers";
    }

    /** Takes a checked update; must leave no trace of one that it refuses with an IllegalArgumentException. */
    abstract void add(AdapterUpdate update);

    /** The next adapter, and, if the rule keeps a state, {@link #nextState}; there is an update, and there are enough. */
    abstract Adapter next();

    @Override
    public final Adapter state() {
        if (!finished) {
            throw new IllegalStateException("the state for the next round is known after finish; call that first");
        }
        return nextState;
    }

    @Override
    public final void accept(AdapterUpdate update) {
        requireOpen();
        Optional<String> fault = rule.refusal(global, update.adapter());
        if (fault.isPresent()) {
            throw refused(update, fault.get());
        }
        take(update);
    }

    /** What the rule inside another answers; it may be the application's own, so that null must be found. */
    static <T> T given(@Nullable T answer, Aggregator inner, String expected) {
        if (answer == null) {
            throw new IllegalStateException("the rule inside, " + RoleName.of(inner, "a rule of the application")
                    + ", returned null; it must return " + expected);
        }
        return answer;
    }

    /**
     * Hands an update to the round of a rule inside another, whose refusal has asked the inner rule already: if the round is
     * that rule's own, it does not ask again.
     */
    static void pass(AdapterUpdate update, Aggregator inner, Aggregation innerRound) {
        if (innerRound instanceof RuleRound round && round.rule == inner) {
            round.take(update);
        } else {
            innerRound.accept(update);
        }
    }

    private void take(AdapterUpdate update) {
        if (update.samples() < 1) {
            throw refused(update, "samples must be 1 or more, was " + update.samples());
        }
        if (clients.contains(update.client())) {
            throw refused(update, "this client's update is there already; a client has one");
        }
        add(update);
        clients.add(update.client());
    }

    static IllegalArgumentException refused(AdapterUpdate update, String fault) {
        return new IllegalArgumentException("update of client " + update.client() + ": " + fault);
    }

    @Override
    public final Adapter finish() {
        requireOpen();
        finished = true;
        if (clients.isEmpty() && !rule.changesWithoutUpdates()) {
            return global;
        }
        if (clients.size() < rule.leastUpdates()) {
            throw new IllegalStateException(shortage(rule, clients.size()));
        }
        return finite(next());
    }

    /** The adapter itself, unless a value of it is no float any more. */
    final Adapter finite(Adapter adapter) {
        adapter.firstNonFinite().ifPresent(fault -> {
            throw new IllegalStateException(
                    rule + " gives values beyond float: " + fault + "; are updates this large? clip their norm");
        });
        return adapter;
    }

    private void requireOpen() {
        if (finished) {
            throw new IllegalStateException("this aggregation is finished; open one for the next round");
        }
    }
}
