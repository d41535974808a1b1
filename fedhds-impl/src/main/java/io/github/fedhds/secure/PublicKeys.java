package io.github.fedhds.secure;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What a client publishes first.
 *
 * @param sealing key by which others seal shares for it, 32 bytes
 * @param masking key of the masks that it has with others, 32 bytes
 * @param commitment SHA-256 of the secret of its self-mask, by which wrong shares are noticed
 */
record PublicKeys(byte[] sealing, byte[] masking, byte[] commitment) {
    PublicKeys {
        if (sealing.length != KeyPair25519.BYTES
                || masking.length != KeyPair25519.BYTES
                || commitment.length != KeyPair25519.BYTES) {
            throw new IllegalArgumentException("public keys and the commitment have 32 bytes, were " + sealing.length
                    + ", " + masking.length + " and " + commitment.length);
        }
        if (!KeyPair25519.isCanonical(sealing) || !KeyPair25519.isCanonical(masking)) {
            throw new IllegalArgumentException(
                    "a public key is not written in the one way that it has: another text of a"
                            + " client's key would pass as another key");
        }
        sealing = sealing.clone();
        masking = masking.clone();
        commitment = commitment.clone();
    }

    /** The keys of their byte form. */
    static PublicKeys of(byte[] bytes) {
        if (bytes.length != 3 * KeyPair25519.BYTES) {
            throw new IllegalArgumentException("public keys have 96 bytes in all, were " + bytes.length);
        }
        return new PublicKeys(
                Arrays.copyOf(bytes, KeyPair25519.BYTES),
                Arrays.copyOfRange(bytes, KeyPair25519.BYTES, 2 * KeyPair25519.BYTES),
                Arrays.copyOfRange(bytes, 2 * KeyPair25519.BYTES, bytes.length));
    }

    /** Whether one of the two keys is one of the other's: then two clients would have the same secrets with the others. */
    boolean sharesKeyWith(PublicKeys other) {
        return Arrays.equals(sealing, other.sealing)
                || Arrays.equals(sealing, other.masking)
                || Arrays.equals(masking, other.sealing)
                || Arrays.equals(masking, other.masking);
    }

    /** One after the other. */
    byte[] toBytes() {
        return ByteBuffer.allocate(3 * KeyPair25519.BYTES)
                .put(sealing)
                .put(masking)
                .put(commitment)
                .array();
    }

    @Override
    public byte[] sealing() {
        return sealing.clone();
    }

    @Override
    public byte[] masking() {
        return masking.clone();
    }

    @Override
    public byte[] commitment() {
        return commitment.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PublicKeys that
                && Arrays.equals(sealing, that.sealing)
                && Arrays.equals(masking, that.masking)
                && Arrays.equals(commitment, that.commitment);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Arrays.hashCode(sealing) + Arrays.hashCode(masking)) + Arrays.hashCode(commitment);
    }
}
