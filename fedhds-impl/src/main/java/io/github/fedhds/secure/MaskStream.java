package io.github.fedhds.secure;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.ChaCha20ParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Adds a stream of pseudorandom words to a vector, modulo 2^32: the key stream of ChaCha20 as little-endian words. A key is used
 * for one stream only, so the nonce is zero.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc8439">RFC 8439, section 2.4</a>
 */
final class MaskStream {
    /** Words of a block of ChaCha20. */
    static final int BLOCK = 16;

    private static final int WORDS_AT_A_TIME = 4096;

    private MaskStream() {}

    /** @param sign 1 to add the mask, -1 to subtract it */
    static void apply(byte[] key, int sign, int[] words) {
        apply(key, sign, words, 0, words.length);
    }

    /** The same for a part of the vector, which begins at a multiple of {@link #BLOCK}. */
    static void apply(byte[] key, int sign, int[] words, int begin, int end) {
        byte[] zeros = new byte[Integer.BYTES * Math.min(WORDS_AT_A_TIME, end - begin)];
        byte[] stream = new byte[zeros.length];
        try {
            Cipher cipher = Cipher.getInstance("ChaCha20");
            cipher.init(
                    Cipher.ENCRYPT_MODE,
                    new SecretKeySpec(key, "ChaCha20"),
                    new ChaCha20ParameterSpec(new byte[12], begin / BLOCK));
            ByteBuffer bytes = ByteBuffer.wrap(stream).order(ByteOrder.LITTLE_ENDIAN);
            for (int from = begin; from < end; from += WORDS_AT_A_TIME) {
                int count = Math.min(WORDS_AT_A_TIME, end - from);
                cipher.update(zeros, 0, Integer.BYTES * count, stream, 0);
                for (int i = 0; i < count; i++) {
                    words[from + i] += sign * bytes.getInt(Integer.BYTES * i);
                }
            }
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no ChaCha20", e);
        }
    }
}
