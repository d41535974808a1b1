package io.github.fedhds.secure;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * HKDF with SHA-256: keys from a shared secret.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc5869">RFC 5869</a>
 */
final class Hkdf {
    private static final int HASH = 32;

    private Hkdf() {}

    /**
     * @param secret input keying material
     * @param salt may be empty
     * @param info what the key is for
     * @param length bytes, up to 255 times 32
     */
    static byte[] derive(byte[] secret, byte[] salt, byte[] info, int length) {
        byte[] key = mac(salt.length == 0 ? new byte[HASH] : salt, secret);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] block = new byte[0];
        for (int i = 1; out.size() < length; i++) {
            block = mac(key, block, info, new byte[] {(byte) i});
            out.writeBytes(block);
        }
        return Arrays.copyOf(out.toByteArray(), length);
    }

    private static byte[] mac(byte[] key, byte[]... parts) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            for (byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no HMAC-SHA256", e);
        }
    }
}
