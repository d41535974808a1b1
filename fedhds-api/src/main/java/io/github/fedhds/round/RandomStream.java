package io.github.fedhds.round;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.SplittableRandom;

/** Independent random streams from one seed; the order in which they are used does not matter. */
final class RandomStream {
    private RandomStream() {}

    /** Derives a seed by SHA-256 over the run's seed and the parts, each preceded by its length, so that different parts never give equal input. */
    static long derive(long seed, Object... parts) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, seed));
        for (Object part : parts) {
            byte[] text = part.toString().getBytes(StandardCharsets.UTF_8);
            digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, text.length));
            digest.update(text);
        }
        return ByteBuffer.wrap(digest.digest()).getLong();
    }

    static SplittableRandom of(long seed, Object... parts) {
        return new SplittableRandom(derive(seed, parts));
    }
}
