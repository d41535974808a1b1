package io.github.fedhds.internal.file;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class Utf8ReaderTest {
    /** A stream that gives few bytes at a time, so that characters are cut anywhere. */
    private static InputStream inPieces(byte[] bytes, SplittableRandom random) {
        return new ByteArrayInputStream(bytes) {
            @Override
            public synchronized int read(byte[] target, int from, int length) {
                return super.read(target, from, Math.min(length, 1 + random.nextInt(7)));
            }
        };
    }

    private static String read(InputStream in, SplittableRandom random) throws IOException {
        StringBuilder text = new StringBuilder();
        try (Utf8Reader reader = new Utf8Reader(in)) {
            char[] part = new char[9];
            for (int count = 0; count >= 0; ) {
                text.append(part, 0, count);
                count = reader.read(part, 0, 1 + random.nextInt(part.length));
            }
        }
        return text.toString();
    }

    private static String text(SplittableRandom random, int length) {
        int[] codes = {'a', '\n', 0xE9, 0x20AC, 0x1F600, 0xFEFF, 0};
        StringBuilder text = new StringBuilder("b");
        random.ints(length, 0, codes.length).forEach(i -> text.appendCodePoint(codes[i]));
        return text.toString();
    }

    @Test
    void read_anyTextInAnyPieces_isTheText() throws IOException {
        SplittableRandom random = new SplittableRandom(7);
        for (int length : new int[] {0, 1, 2, 50, 9000, 40_000}) {
            String text = text(random, length);
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            assertEquals(text, read(inPieces(bytes, random), random));
            assertEquals(text, read(new ByteArrayInputStream(bytes), random));
            byte[] marked = ("\uFEFF" + text).getBytes(StandardCharsets.UTF_8);
            assertEquals(
                    text, read(inPieces(marked, random), random), "only a first byte order mark is none of the text");
        }
        assertEquals("", read(new ByteArrayInputStream(new byte[0]), random));
    }

    @Test
    void read_aByteThatIsNotUtf8_isNamedByOffsetAndLine() {
        SplittableRandom random = new SplittableRandom(8);
        for (int length : new int[] {0, 1, 100, 9000, 40_000}) {
            byte[] good = text(random, length).getBytes(StandardCharsets.UTF_8);
            long lines = 1;
            for (byte b : good) {
                lines += b == '\n' ? 1 : 0;
            }
            byte[] bytes = new byte[good.length + 3];
            System.arraycopy(good, 0, bytes, 0, good.length);
            bytes[good.length] = (byte) 0x92; // a quotation mark in Windows-1252
            String place = "byte 0x92 at byte offset " + good.length + ", in line " + lines;
            assertFails(IOException.class, () -> read(inPieces(bytes, random), random), place);
            assertFails(IOException.class, () -> read(new ByteArrayInputStream(bytes), random), place);
        }
        byte[] cut = "ab\u20AC".getBytes(StandardCharsets.UTF_8);
        InputStream in = new ByteArrayInputStream(cut, 0, cut.length - 1);
        assertFails(IOException.class, () -> read(in, random), "byte 0xE2 at byte offset 2, in line 1");
    }
}
