package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Client to server: the centres of its groups and its number of instructions. It contains no text.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the sender
 * @param centroids one per group, in group order from 0; empty if no group was found
 * @param samples number of instructions of the client, for a server that chooses a share of them; 0 if not given
 * @param openingDigest {@link RoundOpening#digest} of the opening that this answers, so that a server that opened the round again
 *     from another adapter refuses it; empty if not given, and then not compared
 */
public record CentroidReport(
        String runId, int round, ClientId client, List<Centroid> centroids, int samples, String openingDigest)
        implements Message {
    public CentroidReport {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(centroids, "centroids");
        Objects.requireNonNull(openingDigest, "openingDigest");
        centroids = List.copyOf(centroids);
        if (samples < 0) {
            throw new IllegalArgumentException("samples must be 0 or more, was " + samples);
        }
    }

    /** A report without the number of instructions and without the digest of its opening. */
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
     * SHA-256 over run, round, client, number of samples, opening, groups and coordinates, in hexadecimal;
     * the same on every machine. A selection carries it, so that a client knows which report it answers.
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
