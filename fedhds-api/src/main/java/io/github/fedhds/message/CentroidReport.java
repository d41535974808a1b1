package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Optional;

/**
 * Client to server: the centres of its groups and how many instructions it holds, nothing of what they say.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the sender
 * @param centroids one a group, in group order from 0; none when nothing stood out
 * @param samples how many instructions the client holds, for a server that chooses a share of them; 0: not said
 * @param openingDigest {@link RoundOpening#digest} of the opening that this answers, so that a server that has opened the round
 *     again from another adapter knows it; empty: not said, and then not compared
 */
public record CentroidReport(
        String runId, int round, ClientId client, List<Centroid> centroids, int samples, String openingDigest)
        implements Message {
    public CentroidReport {
        centroids = List.copyOf(centroids);
        if (samples < 0) {
            throw new IllegalArgumentException("samples must be 0 or more, was " + samples);
        }
    }

    /** A report that does not say how many instructions the client holds. */
    public CentroidReport(String runId, int round, ClientId client, List<Centroid> centroids) {
        this(runId, round, client, centroids, 0, "");
    }

    @Override
    public Optional<ClientId> party() {
        return Optional.of(client);
    }

    @Override
    public MessageKind kind() {
        return MessageKind.CENTROIDS;
    }

    /**
     * SHA-256 over run, round, client, number of samples, opening, groups and coordinates, in hexadecimal: equal for equal reports, on every machine. A
     * selection carries it, so that a client knows which report was answered.
     */
    public String digest() {
        MessageDigests digest = new MessageDigests()
                .text(runId)
                .number(round)
                .text(client.value())
                .number(samples)
                .text(openingDigest)
                .number(centroids.size());
        for (Centroid centroid : centroids) {
            digest.number(centroid.group()).numbers(centroid.point());
        }
        return digest.hexadecimal();
    }
}
