package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A part of a round's secure sum. A client answers a selection with its {@link MessageKind#KEYS}, a {@link MessageKind#KEY_LIST} with
 * {@link MessageKind#SHARES}, a {@link MessageKind#SHARE_LIST} with its {@link MessageKind#MASKED_UPDATE}, and the {@link
 * MessageKind#SURVIVORS} with {@link MessageKind#REVEALED_SHARES}. The bytes are those of the round's {@link
 * io.github.fedhds.aggregation.SecureAggregation}.
 */
public final class SumPart implements Message {
    private static final Set<MessageKind> KINDS = EnumSet.range(MessageKind.KEYS, MessageKind.REVEALED_SHARES);

    private final String runId;
    private final int round;
    private final ClientId client;
    private final MessageKind kind;
    private final Map<ClientId, byte[]> parts; // never changed

    /**
     * A part; the bytes are copied.
     *
     * @param runId name of the run
     * @param round number, from 1
     * @param client sender or receiver
     * @param kind which part
     * @param parts bytes by the client that they are of or for: the client itself for its keys and its masked update; empty bytes for
     *     survivors
     */
    public SumPart(String runId, int round, ClientId client, MessageKind kind, Map<ClientId, byte[]> parts) {
        this(copy(parts), runId, round, client, kind);
    }

    private SumPart(Map<ClientId, byte[]> owned, String runId, int round, ClientId client, MessageKind kind) {
        this.runId = Objects.requireNonNull(runId, "runId");
        this.round = round;
        this.client = Objects.requireNonNull(client, "client");
        this.kind = Objects.requireNonNull(kind, "kind");
        if (!KINDS.contains(kind)) {
            throw new IllegalArgumentException("a part of a secure sum is one of " + KINDS + ", was " + kind);
        }
        this.parts = owned;
    }

    /** The same part for another receiver, in the same memory. */
    public SumPart to(ClientId receiver) {
        return new SumPart(parts, runId, round, receiver, kind);
    }

    private static Map<ClientId, byte[]> copy(Map<ClientId, byte[]> parts) {
        Map<ClientId, byte[]> copies = new TreeMap<>();
        Objects.requireNonNull(parts, "parts").forEach((id, bytes) -> copies.put(id, bytes.clone()));
        return copies;
    }

    @Override
    public String runId() {
        return runId;
    }

    @Override
    public int round() {
        return round;
    }

    /** Sender or receiver. */
    public ClientId client() {
        return client;
    }

    @Override
    public MessageKind kind() {
        return kind;
    }

    /** The bytes by client, as a copy. */
    public Map<ClientId, byte[]> parts() {
        return copy(parts);
    }

    @Override
    public Optional<ClientId> party() {
        return Optional.of(client);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SumPart that
                && runId.equals(that.runId)
                && round == that.round
                && client.equals(that.client)
                && kind == that.kind
                && digest().equals(that.digest());
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                runId, round, client, kind, Arrays.hashCode(parts.keySet().toArray()));
    }

    /** SHA-256 over all fields, in hexadecimal. */
    public String digest() {
        MessageDigests digest = new MessageDigests()
                .text(runId)
                .number(round)
                .text(client.value())
                .text(kind.name())
                .number(parts.size());
        parts.forEach((id, bytes) -> digest.text(id.value()).bytes(bytes));
        return digest.hexadecimal();
    }

    @Override
    public String toString() {
        return "SumPart[" + kind + " of client " + client + ", round " + round + " of run " + runId + ", "
                + parts.size() + " parts]";
    }
}
