package io.github.fedhds.internal.file;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Unpacks gzip, also of several members one after another. Unlike the JDK's stream it refuses what follows the last
 * member, so that a file cut off inside a later member is not read as a shorter one; zeros may follow, as padding.
 * Memory: one small buffer. For one thread.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc1952">RFC 1952</a>
 */
public final class GzipInput extends InputStream {
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int HEADER_CHECK = 2;

    private final PushbackInputStream in;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 check = new CRC32();
    private final byte[] packed = new byte[1 << 13];
    private int packedLength;
    private boolean ended;

    /**
     * Begins with the header of the first member.
     *
     * @throws IOException if it is not gzip
     */
    public GzipInput(InputStream in) throws IOException {
        this.in = new PushbackInputStream(in, packed.length);
        try {
            readHeader(this.in.read());
        } catch (IOException e) {
            inflater.end();
            throw e;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (!ended) {
            int count = inflate(target, from, length);
            if (count > 0) {
                check.update(target, from, count);
                return count;
            }
            if (inflater.finished()) {
                endMember();
            } else {
                packedLength = in.read(packed);
                if (packedLength < 0) {
                    throw new EOFException();
                }
                inflater.setInput(packed, 0, packedLength);
            }
        }
        return -1;
    }

    private int inflate(byte[] target, int from, int length) throws IOException {
        try {
            int count = inflater.inflate(target, from, length);
            if (count == 0 && inflater.needsDictionary()) {
                throw new ZipException("the gzip data are damaged: they ask for a dictionary");
            }
            return count;
        } catch (DataFormatException e) {
            throw new ZipException(
                    "the gzip data are damaged: " + (e.getMessage() == null ? "not a deflate stream" : e.getMessage()));
        }
    }

    /** Checks the trailer, and begins the next member if there is one. */
    private void endMember() throws IOException {
        int rest = inflater.getRemaining();
        in.unread(packed, packedLength - rest, rest);
        long sum = word();
        long size = word();
        if (sum != check.getValue() || size != (inflater.getBytesWritten() & 0xFFFFFFFFL)) {
            throw new ZipException("the gzip data are damaged: the checksum or the length of a member is wrong");
        }
        int next = in.read();
        while (next == 0) {
            next = in.read();
        }
        if (next < 0) {
            ended = true;
            return;
        }
        inflater.reset();
        check.reset();
        readHeader(next);
    }

    private void readHeader(int first) throws IOException {
        if (first < 0) {
            throw new EOFException();
        }
        if (first != 0x1F || octet() != 0x8B) {
            throw new ZipException("the gzip data are damaged: something that is not gzip follows");
        }
        if (octet() != 8) {
            throw new ZipException("the gzip data use a compression other than deflate");
        }
        int flags = octet();
        skip(6); // time, compression level, operating system
        if ((flags & EXTRA) != 0) {
            skip(octet() | octet() << 8);
        }
        skipText((flags & NAME) != 0);
        skipText((flags & COMMENT) != 0);
        if ((flags & HEADER_CHECK) != 0) {
            skip(2);
        }
    }

    private void skipText(boolean present) throws IOException {
        while (present) {
            present = octet() != 0;
        }
    }

    private void skip(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            octet();
        }
    }

    private long word() throws IOException {
        return octet() | octet() << 8 | octet() << 16 | (long) octet() << 24;
    }

    private int octet() throws IOException {
        int value = in.read();
        if (value < 0) {
            throw new EOFException();
        }
        return value;
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        ended = true;
        in.close();
    }
}
