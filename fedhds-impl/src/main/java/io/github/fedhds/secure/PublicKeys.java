package io.github.fedhds.secure;

import java.util.Arrays;

/**
 * What a client publishes first.
 *
 * @param sealing key by which others seal shares for it, 32 bytes
 * @param masking key of the masks that it has with others, 32 bytes
 */
public record PublicKeys(byte[] sealing, byte[] masking) {
    public PublicKeys {
        if (sealing.length != KeyPair25519.BYTES || masking.length != KeyPair25519.BYTES) {
            throw new IllegalArgumentException(
                    "public keys have 32 bytes, were " + sealing.length + " and " + masking.length);
        }
        sealing = sealing.clone();
        masking = masking.clone();
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
    public boolean equals(Object other) {
        return other instanceof PublicKeys that
                && Arrays.equals(sealing, that.sealing)
                && Arrays.equals(masking, that.masking);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(sealing) + Arrays.hashCode(masking);
    }
}
