package io.github.fedhds.internal.file;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class GzipInputTest {
    private static byte[] pack(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private static byte[] unpack(byte[] bytes) throws IOException {
        try (GzipInput in = new GzipInput(new ByteArrayInputStream(bytes))) {
            return in.readAllBytes();
        }
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    @Test
    void read_anyMembers_areOneText() throws IOException {
        SplittableRandom random = new SplittableRandom(3);
        for (int length : new int[] {0, 1, 5000, 100_000}) {
            byte[] first = new byte[length];
            random.nextBytes(first);
            byte[] second = "second".repeat(length).getBytes(StandardCharsets.UTF_8);
            byte[] both = concat(pack(first), pack(second));
            assertArrayEquals(concat(first, second), unpack(both));
            assertArrayEquals(concat(first, second), unpack(concat(both, new byte[512])), "zeros are padding");
        }
    }

    @Test
    void read_optionalHeaderFields_areSkipped() throws IOException {
        byte[] plain = pack(new byte[] {1, 2, 3});
        byte[] header = {0x1F, (byte) 0x8B, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 0, 2, 0, 9, 9, 'n', 0, 'c', 0, 7, 7};
        assertArrayEquals(new byte[] {1, 2, 3}, unpack(concat(header, Arrays.copyOfRange(plain, 10, plain.length))));
    }

    /** A cut at the end of a member cannot be seen; every other cut and every changed bit of data is. */
    @Test
    void read_cutOrChanged_isRefused() throws IOException {
        byte[] first = pack("some text, some text".getBytes(StandardCharsets.UTF_8));
        byte[] both = concat(first, pack("more".getBytes(StandardCharsets.UTF_8)));
        for (int length = 0; length < both.length; length++) {
            byte[] cut = Arrays.copyOf(both, length);
            if (length == first.length) {
                assertEquals("some text, some text", new String(unpack(cut), StandardCharsets.UTF_8));
            } else {
                assertThrows(EOFException.class, () -> unpack(cut), "cut to " + length);
            }
        }
        for (int bit = 8 * 10; bit < 8 * first.length; bit++) { // data and trailer
            byte[] changed = first.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            assertThrows(IOException.class, () -> unpack(changed), "bit " + bit);
        }
        assertFails(IOException.class, () -> unpack(concat(first, new byte[] {'x'})), "not gzip follows");
    }
}
