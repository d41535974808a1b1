package io.github.fedhds.monitoring;

import io.github.fedhds.message.Refusal;
import io.github.fedhds.simulation.Federation;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Why no round of a run has changed the adapter.
 *
 * @param cause the common cause of all rounds
 * @param refusals number of refused reports, refused adapters and withdrawals by code, in the order of the codes; only
 *     of the rounds that this process ran
 * @param ofSettings true if every client was refused or withdrew because its settings differ from the server's, so that
 *     the same run would fail again; {@link Federation#run} then throws
 * @param reason explanation for users, with the settings that may help
 */
public record UntrainedRun(Cause cause, Map<Refusal, Long> refusals, boolean ofSettings, String reason) {
    public UntrainedRun {
        refusals = Collections.unmodifiableMap(new TreeMap<>(refusals)); // Map.copyOf would lose the order
    }

    /** What prevented all rounds of a run from changing the adapter. */
    public enum Cause {
        /** The server had reports and selected no group. */
        NO_GROUP_CHOSEN,
        /** All clients withdrew that had to report or that had a chosen group. */
        ALL_WITHDREW,
        /** All reports or all adapters were refused. */
        ALL_REFUSED,
        /** Too few clients answered in every round. */
        ALL_VOID,
        /** Several causes: clients withdrew, were refused, or dropped out because they threw an exception. */
        SEVERAL
    }
}
