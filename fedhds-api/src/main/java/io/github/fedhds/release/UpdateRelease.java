package io.github.fedhds.release;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.RoundContext;

/**
 * What leaves a client of its trained adapter, such as the adapter with noise. Where one is set, a client that could not train
 * does not say so: it gives the round's global adapter to this role, so that only the role decides what is seen. Safe for one
 * thread at a time.
 */
@FunctionalInterface
public interface UpdateRelease {
    /**
     * The update to send.
     *
     * @param exact the client's update, which does not leave it
     * @param round the round, with the adapter that training started from
     * @return an update of the same run, round, client and selection
     * @throws io.github.fedhds.BudgetSpentException if nothing more may be released; the client then withdraws from the round
     */
    AdapterUpdate release(AdapterUpdate exact, RoundContext round);

    /** Sends the exact update; the default of a client. */
    static UpdateRelease exact() {
        return ExactUpdate.INSTANCE;
    }
}

/** The update itself. */
enum ExactUpdate implements UpdateRelease {
    INSTANCE;

    @Override
    public AdapterUpdate release(AdapterUpdate exact, RoundContext round) {
        return exact;
    }
}
