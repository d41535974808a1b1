package io.github.fedhds.secure;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.ProviderException;
import java.security.SecureRandom;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import javax.crypto.KeyAgreement;

/**
 * A key pair of X25519, with keys as 32 bytes.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc7748">RFC 7748</a>
 */
final class KeyPair25519 {
    static final int BYTES = 32;

    private static final BigInteger PRIME = BigInteger.ONE.shiftLeft(255).subtract(BigInteger.valueOf(19));

    private static final byte[] BASE = new byte[BYTES];

    static {
        BASE[0] = 9;
    }

    private final byte[] secret;
    private final byte[] open;

    private KeyPair25519(byte[] secret) {
        this.secret = secret.clone();
        this.open = multiply(secret, BASE);
    }

    static KeyPair25519 generate(SecureRandom random) {
        byte[] secret = new byte[BYTES];
        random.nextBytes(secret);
        return new KeyPair25519(secret);
    }

    static KeyPair25519 of(byte[] secret) {
        if (secret.length != BYTES) {
            throw new IllegalArgumentException("a private key has 32 bytes, was " + secret.length);
        }
        return new KeyPair25519(secret);
    }

    /** Whether a key is below the field's prime, with the highest bit clear: every point has one such text. */
    static boolean isCanonical(byte[] key) {
        byte[] reversed = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            reversed[i] = key[BYTES - 1 - i];
        }
        return new BigInteger(1, reversed).compareTo(PRIME) < 0;
    }

    byte[] secret() {
        return secret.clone();
    }

    byte[] open() {
        return open.clone();
    }

    /**
     * The secret shared with the owner of a public key.
     *
     * @throws IllegalArgumentException if the key has a low order, so that the secret would be known to everyone
     */
    byte[] agree(byte[] other) {
        return multiply(secret, other);
    }

    private static byte[] multiply(byte[] scalar, byte[] point) {
        if (point.length != BYTES) {
            throw new IllegalArgumentException("a public key has 32 bytes, was " + point.length);
        }
        byte[] reversed = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            reversed[i] = point[BYTES - 1 - i];
        }
        reversed[0] &= 0x7f; // RFC 7748, section 5: the highest bit is ignored
        byte[] shared;
        try {
            KeyFactory keys = KeyFactory.getInstance("X25519");
            KeyAgreement agreement = KeyAgreement.getInstance("X25519");
            agreement.init(keys.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, scalar)));
            agreement.doPhase(
                    keys.generatePublic(new XECPublicKeySpec(NamedParameterSpec.X25519, new BigInteger(1, reversed))),
                    true);
            shared = agreement.generateSecret();
        } catch (GeneralSecurityException | ProviderException e) {
            throw new IllegalArgumentException("the public key cannot be used; is it of low order?", e);
        }
        int any = 0;
        for (byte b : shared) {
            any |= b;
        }
        if (any == 0) {
            throw new IllegalArgumentException("the public key has a low order: everyone knows the shared secret");
        }
        return shared;
    }
}
