package io.github.fedhds.secure;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Two shares, encrypted from one client to another through the server, with ChaCha20-Poly1305. A key is used once in each direction. */
final class SealedShare {
    /** Bytes that sealing adds. */
    static final int TAG = 16;

    private SealedShare() {}

    static byte[] seal(byte[] key, byte direction, byte[] context, byte[] plain) {
        try {
            return cipher(Cipher.ENCRYPT_MODE, key, direction, context).doFinal(plain);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no ChaCha20-Poly1305", e);
        }
    }

    /** @throws IllegalArgumentException if the bytes are not what the sender has sealed for this receiver in this round */
    static byte[] open(byte[] key, byte direction, byte[] context, byte[] sealed) {
        try {
            return cipher(Cipher.DECRYPT_MODE, key, direction, context).doFinal(sealed);
        } catch (AEADBadTagException e) {
            throw new IllegalArgumentException("the shares were changed on their way, or are of another round", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("the shares cannot be read", e);
        }
    }

    private static Cipher cipher(int mode, byte[] key, byte direction, byte[] context) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("ChaCha20-Poly1305");
        byte[] nonce = new byte[12];
        Arrays.fill(nonce, direction);
        cipher.init(mode, new SecretKeySpec(key, "ChaCha20"), new IvParameterSpec(nonce));
        cipher.updateAAD(context);
        return cipher;
    }
}
