package io.github.fedhds.monitoring;

import io.github.fedhds.message.Refusal;
import io.github.fedhds.simulation.Federation;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Why no round of a run has changed the adapter.
 *
 * @param cause what kept the rounds from it
 * @param refusals refused reports and adapters, and withdrawals, by code, in the order of the codes; those of the rounds
 *     that this process ran
 * @param ofSettings true if every client was refused or withdrew because its settings differ from the server's, so that the
 *     same run would come to nothing again; {@link Federation#run} then throws
 * @param reason the same for people, with the settings that may help
 */
public record UntrainedRun(Cause cause, Map<Refusal, Long> refusals, boolean ofSettings, String reason) {
    public UntrainedRun {
        refusals = Collections.unmodifiableMap(new TreeMap<>(refusals)); // Map.copyOf would lose the order
    }

    /** What kept all rounds of a run from changing the adapter. */
    public enum Cause {
        /** The server had reports and chose no group. */
        NO_GROUP_CHOSEN,
        /** All clients that had to report, or that had a chosen group, withdrew. */
        ALL_WITHDREW,
        /** All reports, or all adapters, were refused. */
        ALL_REFUSED,
        /** Too few clients answered in every round. */
        ALL_VOID,
        /** Some clients withdrew, others were refused, or dropped out because their work threw. */
        SEVERAL
    }
}
