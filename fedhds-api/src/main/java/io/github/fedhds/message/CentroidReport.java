package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
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

    @Override
    public Optional<ClientId> party() {
        return Optional.of(client);
    }

    @Override
    public MessageKind kind() {
        return MessageKind.CENTROIDS;
    }

    /**
     * SHA-256 over run, round, client, number of samples, groups and coordinates, in hexadecimal: equal for equal reports, on every machine. A
     * selection carries it, so that a client knows which report was answered.
     */
    public String digest() {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
        for (String text : List.of(runId, Integer.toString(round), client.value(), Integer.toString(samples))) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
            digest.update(bytes);
        }
        for (Centroid centroid : centroids) {
            double[] point = centroid.point();
            ByteBuffer bytes = ByteBuffer.allocate(2 * Integer.BYTES + Double.BYTES * point.length)
                    .putInt(centroid.group())
                    .putInt(point.length);
            for (double coordinate : point) {
                bytes.putDouble(coordinate);
            }
            digest.update(bytes.flip());
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
