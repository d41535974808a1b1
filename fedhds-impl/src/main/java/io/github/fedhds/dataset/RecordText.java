package io.github.fedhds.dataset;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.util.Locale;

/**
 * The text of a file of rows. It bounds the length of a row, because a small gzip file may unpack to a text without
 * end. Readers above it have buffers, so that the bound is exact up to their size.
 */
final class RecordText extends Reader {
    static final int MAX_CHARS = 1 << 26;

    private static final int LEADING_SPACE = 1 << 13;

    private final Reader text;
    private long ofRecord;

    RecordText(Reader text) {
        this.text = new BufferedReader(text, 1 << 14);
    }

    /** The first character that is not white space, without reading it; -1 if there is none. */
    int firstVisible() throws IOException {
        text.mark(LEADING_SPACE);
        int first = ' ';
        for (int i = 0; i < LEADING_SPACE && first >= 0 && Character.isWhitespace(first); i++) {
            first = text.read();
        }
        text.reset();
        return first;
    }

    /** Begins a row. */
    void begin() {
        ofRecord = 0;
    }

    @Override
    public int read() throws IOException {
        count(1);
        return text.read();
    }

    @Override
    public int read(char[] target, int from, int length) throws IOException {
        int count = text.read(target, from, length);
        count(Math.max(0, count));
        return count;
    }

    private void count(int chars) throws IOException {
        ofRecord += chars;
        if (ofRecord > MAX_CHARS) {
            throw new IOException(
                    String.format(Locale.ROOT, "a row has more than %,d characters, the most allowed", MAX_CHARS));
        }
    }

    @Override
    public void close() throws IOException {
        text.close();
    }
}
