package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A round that is over, whatever became of it, with the failures that are not part of its result: for logs, meters and
 * alerts. Immutable, safe for many threads.
 *
 * @param opening what the round began with
 * @param result what it came to; empty if the round was abandoned or its aggregator failed
 * @param voidReason why the adapter is the old one although the round was run; empty if the round counts
 * @param refusals messages refused since the round before was over, by code, in the order of the codes; each copy of a
 *     message counts
 * @param withdrawals what the clients that withdrew said, in registered order
 * @param duration from the opening to the end
 */
public record RoundSummary(
        RoundOpening opening,
        Optional<RoundResult> result,
        Optional<String> voidReason,
        Map<Refusal, Long> refusals,
        List<Withdrawal> withdrawals,
        Duration duration) {
    public RoundSummary {
        Objects.requireNonNull(opening, "opening");
        Objects.requireNonNull(result, "result");
        Objects.requireNonNull(voidReason, "voidReason");
        Objects.requireNonNull(refusals, "refusals");
        Objects.requireNonNull(withdrawals, "withdrawals");
        Objects.requireNonNull(duration, "duration");
        refusals = Collections.unmodifiableMap(new TreeMap<>(refusals)); // Map.copyOf would lose the order
        withdrawals = List.copyOf(withdrawals);
    }

    /** Number of the round, from 1. */
    public int round() {
        return opening.round();
    }

    /** The adapter that the next round starts from. */
    public Adapter adapter() {
        return result.map(RoundResult::adapter).orElse(opening.globalAdapter());
    }

    /** Number of messages refused, whatever the code. */
    public long refused() {
        return refusals.values().stream().mapToLong(Long::longValue).sum();
    }
}
