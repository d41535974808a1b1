package io.github.fedhds.secure;

import java.security.SecureRandom;
import java.util.Map;

/**
 * Shamir's secret sharing of bytes, over the field with 256 elements: any {@code threshold} shares give the secret, fewer say
 * nothing of it. A share's number is the point at which the polynomials are taken, 1 to 255.
 *
 * @see <a href="https://doi.org/10.1145/359168.359176">Shamir 1979: How to share a secret</a>
 */
final class Shamir {
    private Shamir() {}

    /** Shares 1 to count. */
    static byte[][] share(byte[] secret, int count, int threshold, SecureRandom random) {
        if (threshold < 1 || threshold > count || count > 255) {
            throw new IllegalArgumentException("there are 1 to 255 shares, and the threshold is 1 to their number, was "
                    + count + " with threshold " + threshold);
        }
        byte[][] shares = new byte[count][secret.length];
        byte[] coefficients = new byte[threshold - 1];
        for (int at = 0; at < secret.length; at++) {
            random.nextBytes(coefficients);
            for (int x = 1; x <= count; x++) {
                int value = 0;
                for (byte coefficient : coefficients) {
                    value = times(value ^ (coefficient & 0xff), x);
                }
                shares[x - 1][at] = (byte) (value ^ (secret[at] & 0xff));
            }
        }
        return shares;
    }

    /** The secret of at least as many shares as the threshold, by their numbers; with fewer, other bytes. */
    static byte[] combine(Map<Integer, byte[]> shares) {
        if (shares.isEmpty()) {
            throw new IllegalArgumentException("there is no share");
        }
        int length = shares.values().iterator().next().length;
        byte[] secret = new byte[length];
        for (Map.Entry<Integer, byte[]> share : shares.entrySet()) {
            int x = share.getKey();
            if (x < 1 || x > 255 || share.getValue().length != length) {
                throw new IllegalArgumentException("share " + x + " of " + share.getValue().length
                        + " bytes; numbers are 1 to 255, and all shares have as many bytes, here " + length);
            }
            int weight = 1; // Lagrange's, at 0
            for (int other : shares.keySet()) {
                if (other != x) {
                    weight = times(weight, times(other, inverse(other ^ x)));
                }
            }
            for (int at = 0; at < length; at++) {
                secret[at] ^= (byte) times(share.getValue()[at] & 0xff, weight);
            }
        }
        return secret;
    }

    /** The product modulo x^8 + x^4 + x^3 + x + 1, in the same steps whatever the factors: they are secret. */
    static int times(int a, int b) {
        int product = 0;
        int factor = a;
        for (int bit = 0; bit < 8; bit++) {
            product ^= factor & -(b >> bit & 1);
            factor = factor << 1 ^ (0x11b & -(factor >> 7 & 1));
        }
        return product & 0xff;
    }

    /** The power of 254. */
    static int inverse(int a) {
        int square = a;
        int result = 1;
        for (int i = 0; i < 7; i++) {
            square = times(square, square);
            result = times(result, square);
        }
        return result;
    }
}
