package io.github.fedhds.examples.http;

import java.io.IOException;
import java.io.InputStream;

/** The body of a request, which must not be too large, and must not come too slowly. */
final class BodyStream extends InputStream {
    /** Time that a body has before its rate is looked at. */
    private static final double PATIENCE = 5;

    private final InputStream in;
    private final long most;
    private final long bytesPerSecond;
    private final long start = System.nanoTime();
    private long bytes;

    /** Why the body was not read to its end. */
    static final class Unread extends IOException {
        private static final long serialVersionUID = 1;

        private final int status;

        Unread(int status, String reason) {
            super(reason);
            this.status = status;
        }

        HttpRefusal refusal() {
            return new HttpRefusal(status, String.valueOf(getMessage()));
        }
    }

    BodyStream(InputStream in, long most, long bytesPerSecond) {
        this.in = in;
        this.most = most;
        this.bytesPerSecond = bytesPerSecond;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int read = in.read(into, offset, length);
        if (read < 0) {
            return read;
        }
        bytes += read;
        if (bytes > most) {
            throw new Unread(Protocol.TOO_LARGE, "a message may have " + most + " bytes");
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        if (seconds > PATIENCE && bytes / seconds < bytesPerSecond) {
            throw new Unread(
                    Protocol.TOO_SLOW, "the message came with fewer than " + bytesPerSecond + " bytes in a second");
        }
        return read;
    }
}
