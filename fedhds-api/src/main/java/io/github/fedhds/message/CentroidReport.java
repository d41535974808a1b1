package io.github.fedhds.message;

import io.github.fedhds.ClientId;
import java.util.List;

/**
 * Client to server: the centres of its groups and how many instructions it holds, nothing of what they say.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the sender
 * @param centroids one a group, in group order from 0; none when nothing stood out
 * @param samples how many instructions the client holds, for a server that chooses a share of them; 0: not said
 */
public record CentroidReport(String runId, int round, ClientId client, List<Centroid> centroids, int samples)
        implements Message {
    public CentroidReport {
        centroids = List.copyOf(centroids);
        if (samples < 0) {
            throw new IllegalArgumentException("samples must be 0 or more, was " + samples);
        }
    }

    /** A report that does not say how many instructions the client holds. */
    public CentroidReport(String runId, int round, ClientId client, List<Centroid> centroids) {
        this(runId, round, client, centroids, 0);
    }
}
