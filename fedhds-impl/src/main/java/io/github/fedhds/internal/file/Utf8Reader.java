package io.github.fedhds.internal.file;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Decodes UTF-8 while reading, skips a byte order mark at the start, and reports where the input is not UTF-8: the
 * JDK's readers give neither line nor offset. Memory: two small buffers. For one thread.
 */
public final class Utf8Reader extends Reader {
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /** Its message has byte, offset and line. */
    public static final class NotUtf8Exception extends CharacterCodingException {
        private static final long serialVersionUID = 1L;

        private final String place;

        NotUtf8Exception(int value, long offset, long line) {
            place = String.format(
                    "is not UTF-8: byte 0x%02X at byte offset %d, in line %d; save the file as UTF-8",
                    value, offset, line);
        }

        @Override
        public String getMessage() {
            return place;
        }
    }

    private final InputStream in;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    private final ByteBuffer bytes = ByteBuffer.allocate(1 << 14).flip();
    private final CharBuffer chars = CharBuffer.allocate(1 << 13).flip();
    private boolean begun;
    private boolean ended;
    private long offset;
    private long line = 1;

    /** Decodes a stream, which it closes. */
    public Utf8Reader(InputStream in) {
        this.in = in;
    }

    /** Opens a file. */
    public static Utf8Reader open(Path file) throws IOException {
        return new Utf8Reader(Files.newInputStream(file));
    }

    @Override
    public int read(char[] target, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (!chars.hasRemaining()) {
            if (!decode()) {
                return -1;
            }
        }
        int count = Math.min(length, chars.remaining());
        chars.get(target, from, count);
        return count;
    }

    /** Decodes as much as the buffers allow; false at the end. */
    private boolean decode() throws IOException {
        chars.clear();
        int before = bytes.position();
        CoderResult result = decoder.decode(bytes, chars, ended);
        offset += bytes.position() - before;
        chars.flip();
        for (int i = 0; i < chars.limit(); i++) {
            line += chars.get(i) == '\n' ? 1 : 0;
        }
        if (chars.hasRemaining()) { // first return what precedes an error
            if (!begun && chars.get(0) == BYTE_ORDER_MARK) {
                chars.get();
            }
            begun = true;
            return true;
        }
        if (result.isError()) {
            throw new NotUtf8Exception(bytes.get(bytes.position()) & 0xFF, offset, line);
        }
        if (ended) {
            return false;
        }
        bytes.compact();
        int count = in.read(bytes.array(), bytes.position(), bytes.remaining());
        ended = count < 0;
        bytes.position(bytes.position() + Math.max(0, count)).flip();
        return true;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
