package io.github.fedhds;

import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How far the open round of a server is: whom its present step has asked, who has answered, and whom it waits for. A
 * snapshot. Immutable, safe for many threads.
 *
 * @param round number, from 1
 * @param step what the round takes now
 * @param asked clients that the step asks: all that the round names, then those with a chosen group, and in a secure sum those
 *     that have answered the exchange before; in registered order
 * @param answered clients of {@code asked} whose report or adapter was accepted
 * @param withdrawn clients of {@code asked} that are not waited for: they said that they will not answer, or their answer was
 *     refused for what it holds. A better one still counts
 * @param missing the other clients of {@code asked}
 * @param needed answers without which closing the step makes the round void
 * @param voidReason why the round is void already; empty while it may count
 */
public record RoundProgress(
        int round,
        Step step,
        List<ClientId> asked,
        List<ClientId> answered,
        List<ClientId> withdrawn,
        List<ClientId> missing,
        int needed,
        Optional<String> voidReason) {
    public RoundProgress {
        Objects.requireNonNull(step, "step");
        Objects.requireNonNull(asked, "asked");
        Objects.requireNonNull(answered, "answered");
        Objects.requireNonNull(withdrawn, "withdrawn");
        Objects.requireNonNull(missing, "missing");
        Objects.requireNonNull(voidReason, "voidReason");
        asked = List.copyOf(asked);
        answered = List.copyOf(answered);
        withdrawn = List.copyOf(withdrawn);
        missing = List.copyOf(missing);
    }

    /** The steps of a round that wait for messages. */
    public enum Step {
        /** Reports, until {@link FedHdsServer#select}. */
        REPORTS,
        /** Adapters, until {@link FedHdsServer#aggregate}. */
        UPDATES,
        /** In place of adapters, with secure aggregation: public keys, until {@link FedHdsServer#proceed}. */
        KEYS,
        /** Sealed shares, until {@link FedHdsServer#proceed}. */
        SHARES,
        /** Masked updates, until {@link FedHdsServer#proceed}. */
        MASKED_UPDATES,
        /** Revealed shares, until {@link FedHdsServer#aggregate}. */
        REVEALED_SHARES
    }

    /** True if {@link FedHdsServer#aggregate} ends this step and with it the round. */
    public boolean isLast() {
        return step == Step.UPDATES || step == Step.REVEALED_SHARES;
    }

    /** True if there is nobody to wait for: close the step now. */
    public boolean isComplete() {
        return missing.isEmpty();
    }

    /** True if the step can be closed now without making the round void. */
    public boolean isEnough() {
        return answered.size() >= needed && voidReason.isEmpty();
    }
}
