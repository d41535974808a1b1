package io.github.fedhds.secure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The vectors of RFC 5869, 7748 and 8439, and Shamir's sharing. */
class PrimitivesTest {
    private static final HexFormat HEX = HexFormat.of();

    private static byte[] hex(String text) {
        return HEX.parseHex(text);
    }

    /** RFC 5869, A.1 to A.3. */
    @Test
    void hkdf_vectors() {
        String counted =
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
                        + "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f";
        String salt = "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
                + "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf";
        String info = "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
                + "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
        assertHkdf(
                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
                "000102030405060708090a0b0c",
                "f0f1f2f3f4f5f6f7f8f9",
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
        assertHkdf(
                counted,
                salt,
                info,
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                        + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
        assertHkdf(
                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
                "",
                "",
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    }

    private static void assertHkdf(String secret, String salt, String info, String expected) {
        assertEquals(expected, HEX.formatHex(Hkdf.derive(hex(secret), hex(salt), hex(info), expected.length() / 2)));
    }

    /** RFC 7748, section 5.2. */
    @Test
    void x25519_vectors() {
        assertAgrees(
                "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
        assertAgrees(
                "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
        byte[] scalar = hex("0900000000000000000000000000000000000000000000000000000000000000");
        byte[] point = scalar;
        for (int i = 0; i < 1000; i++) {
            byte[] next = KeyPair25519.of(scalar).agree(point);
            point = scalar;
            scalar = next;
            if (i == 0) {
                assertEquals("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", HEX.formatHex(scalar));
            }
        }
        assertEquals("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", HEX.formatHex(scalar));
    }

    private static void assertAgrees(String secret, String other, String expected) {
        assertEquals(expected, HEX.formatHex(KeyPair25519.of(hex(secret)).agree(hex(other))));
    }

    /** The points of low order on the curve and its twist, and their forms above the prime. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "0000000000000000000000000000000000000000000000000000000000000080",
                "0100000000000000000000000000000000000000000000000000000000000080"
            })
    void x25519_lowOrder_isRefused(String point) {
        KeyPair25519 pair = KeyPair25519.generate(new SecureRandom());
        assertThrows(IllegalArgumentException.class, () -> pair.agree(hex(point)));
    }

    /** RFC 8439, A.1, test vectors 1 and 2: the key stream of zero keys, blocks 0 and 1. */
    @Test
    void mask_isTheKeyStream() {
        int[] words = new int[32];
        MaskStream.apply(new byte[32], 1, words);
        byte[] stream = new byte[128];
        for (int i = 0; i < stream.length; i++) {
            stream[i] = (byte) (words[i / 4] >>> 8 * (i % 4));
        }
        assertEquals(
                "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a37"
                        + "6a43b8f41518a11cc387b669b2ee6586"
                        + "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d5"
                        + "31ed1f28510afb45ace10a1f4b794d6f",
                HEX.formatHex(stream));
    }

    @Test
    void mask_addedAndSubtracted_leavesTheVector() {
        for (int length : new int[] {1, 4095, 4096, 4097, 10_000}) {
            int[] words = new SecureRandom().ints(length).toArray();
            int[] before = words.clone();
            byte[] key = new byte[32];
            new SecureRandom().nextBytes(key);
            MaskStream.apply(key, 1, words);
            assertFalse(Arrays.equals(before, words));
            MaskStream.apply(key, -1, words);
            assertArrayEquals(before, words);
        }
    }

    @Test
    void shamir_anyThresholdOfShares_givesTheSecret() {
        SecureRandom random = new SecureRandom();
        byte[] secret = new byte[32];
        random.nextBytes(secret);
        byte[][] shares = Shamir.share(secret, 6, 4, random);
        for (int chosen = 0; chosen < 64; chosen++) {
            Map<Integer, byte[]> some = new TreeMap<>();
            for (int i = 0; i < 6; i++) {
                if ((chosen >> i & 1) == 1) {
                    some.put(i + 1, shares[i]);
                }
            }
            if (some.size() >= 4) {
                assertArrayEquals(secret, Shamir.combine(some));
            } else if (!some.isEmpty()) {
                assertFalse(Arrays.equals(secret, Shamir.combine(some)));
            }
        }
    }

    /** With fewer shares than the threshold, each secret has the same chance: of one byte, all values occur equally often. */
    @Test
    void shamir_fewerShares_sayNothing() {
        SecureRandom random = new SecureRandom();
        int[] seen = new int[256];
        for (int i = 0; i < 25_600; i++) {
            seen[Shamir.share(new byte[] {42}, 3, 2, random)[0][0] & 0xff]++;
        }
        double chi = 0;
        for (int count : seen) {
            chi += Math.pow(count - 100, 2) / 100;
        }
        assertEquals(255, chi, 4.9 * Math.sqrt(2 * 255), "chi-square of 255 degrees of freedom");
    }

    @Test
    void shamir_field_hasInverses() {
        for (int x = 1; x < 256; x++) {
            assertEquals(1, Shamir.times(x, Shamir.inverse(x)));
        }
    }
}
