package io.github.fedhds.release;

import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.round.RoundContext;

/**
 * Step 6: what leaves a client of its groups, such as centroids with noise. Called once for each opening and process; a
 * restarted client asks again. Safe for one thread at a time.
 */
@FunctionalInterface
public interface ReportRelease {
    /**
     * The report to send.
     *
     * @param exact the client's report, which does not leave it
     * @param dimensions coordinates of each centroid in this round
     * @param round the round
     * @return a report of the same run, round, client and opening, with any number of centroids. If there are more than the client
     *     has groups, group {@code i} stands for the client's group {@code i} modulo their number
     * @throws io.github.fedhds.BudgetSpentException if nothing more may be released; the client then withdraws from the round
     */
    CentroidReport release(CentroidReport exact, int dimensions, RoundContext round);

    /** Sends the exact report. */
    static ReportRelease exact() {
        return (exact, dimensions, round) -> exact;
    }
}
