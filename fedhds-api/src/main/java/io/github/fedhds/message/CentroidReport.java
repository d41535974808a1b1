package io.github.fedhds.message;

import io.github.fedhds.ClientId;
import java.util.List;

/**
 * Client to server: the centres of its groups, nothing of its instructions.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the sender
 * @param centroids one a group, in group order from 0; none when nothing stood out
 */
public record CentroidReport(String runId, int round, ClientId client, List<Centroid> centroids) implements Message {
    public CentroidReport {
        centroids = List.copyOf(centroids);
    }
}
