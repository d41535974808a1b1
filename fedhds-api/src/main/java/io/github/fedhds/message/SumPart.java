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
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client sender or receiver
 * @param kind which part
 * @param parts bytes by the client that they are of or for: the client itself for its keys and its masked update; empty bytes for survivors
 */
public record SumPart(String runId, int round, ClientId client, MessageKind kind, Map<ClientId, byte[]> parts)
        implements Message {
    private static final Set<MessageKind> KINDS = EnumSet.range(MessageKind.KEYS, MessageKind.REVEALED_SHARES);

    public SumPart {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(kind, "kind");
        if (!KINDS.contains(kind)) {
            throw new IllegalArgumentException("a part of a secure sum is one of " + KINDS + ", was " + kind);
        }
        parts = copy(parts);
    }

    private static Map<ClientId, byte[]> copy(Map<ClientId, byte[]> parts) {
        Map<ClientId, byte[]> copies = new TreeMap<>();
        Objects.requireNonNull(parts, "parts").forEach((id, bytes) -> copies.put(id, bytes.clone()));
        return copies;
    }

    /** A copy. */
    @Override
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
