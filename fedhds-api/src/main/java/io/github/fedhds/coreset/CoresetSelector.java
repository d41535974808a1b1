package io.github.fedhds.coreset;

import io.github.fedhds.round.RoundContext;

/** Chooses few candidates that stand for many. Clients run it on their samples, the server on their centroids. */
@FunctionalInterface
public interface CoresetSelector {
    /**
     * Groups the candidates and orders the members of each group, the most representative first.
     *
     * @param candidates the samples of a client, or the centroids of all clients in client order; may be empty
     * @param round the round's seed and settings
     * @return groups in id order from 0; empty if no group was found; candidates in no group are noise
     * @throws IllegalArgumentException if a coordinate is NaN or infinite; the message names the candidate
     */
    Coreset select(Candidates candidates, RoundContext round);
}
