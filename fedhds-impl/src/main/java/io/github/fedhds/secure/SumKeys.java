package io.github.fedhds.secure;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The public keys of a sum, with what follows from them: the order of the neighbours and the context of every derived key. */
final class SumKeys {
    private final SumSettings settings;
    private final Map<Integer, PublicKeys> keys;
    private final byte[] context;
    private final Neighbours neighbours;
    private final List<Integer> members;

    /**
     * @param keys of the clients that have answered, by their place in the settings
     * @throws IllegalArgumentException if two keys are equal, or too few clients have answered
     */
    SumKeys(SumSettings settings, Map<Integer, PublicKeys> keys) {
        this.settings = settings;
        this.keys = new TreeMap<>(keys);
        this.members = List.copyOf(this.keys.keySet());
        Set<ByteBuffer> all = new HashSet<>();
        this.keys.forEach((place, pair) -> {
            if (!all.add(ByteBuffer.wrap(pair.sealing())) || !all.add(ByteBuffer.wrap(pair.masking()))) {
                throw new IllegalArgumentException(
                        "client " + settings.id(place) + " has a public key that is there already");
            }
        });
        if (members.size() < settings.least()) {
            throw new IllegalArgumentException(
                    members.size() + " clients have sent keys, and a sum needs " + settings.least());
        }
        MessageDigest digest = sha256();
        text(digest, settings.runId());
        digest.update(ByteBuffer.allocate(28)
                .putInt(settings.round())
                .putInt(settings.degree())
                .putDouble(settings.share())
                .putInt(settings.least())
                .putInt(members.size())
                .putInt(settings.length())
                .flip());
        this.keys.forEach((place, pair) -> {
            text(digest, settings.id(place).value());
            digest.update(pair.sealing());
            digest.update(pair.masking());
            digest.update(pair.commitment());
        });
        context = digest.digest();
        neighbours = new Neighbours(
                members.size(), settings.degree(), ByteBuffer.wrap(context).getLong());
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-256", e);
        }
    }

    private static void text(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
        digest.update(bytes);
    }

    byte[] context() {
        return context.clone();
    }

    PublicKeys of(int client) {
        PublicKeys pair = keys.get(client);
        if (pair == null) {
            throw new IllegalArgumentException("client " + settings.id(client) + " has sent no keys");
        }
        return pair;
    }

    boolean has(int client) {
        return keys.containsKey(client);
    }

    /** In ascending order; a client's place among them, from 1, is the number of its share. */
    List<Integer> neighbours(int client) {
        int at = members.indexOf(client);
        return neighbours.of(at).stream().map(members::get).toList();
    }

    /** A key that two clients share; it names both, so that no third one has it. */
    byte[] derive(byte[] secret, String purpose, int one, int other) {
        return derive(secret, purpose + " " + Math.min(one, other) + " " + Math.max(one, other));
    }

    byte[] derive(byte[] secret, String purpose) {
        return Hkdf.derive(secret, context, purpose.getBytes(StandardCharsets.UTF_8), 32);
    }
}
