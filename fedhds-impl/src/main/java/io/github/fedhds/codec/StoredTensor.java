package io.github.fedhds.codec;

import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.HalfFloats;
import io.github.fedhds.internal.safetensors.SafetensorsHeader;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** The bytes of a message's tensor, in pieces, so that memory grows only as bytes arrive. */
final class StoredTensor {
    private static final int PIECE_BITS = 16;
    private static final int PIECE = 1 << PIECE_BITS;

    private final String name;
    private final SafetensorsHeader.Entry form;
    private final ByteBuffer[] pieces;

    private StoredTensor(String name, SafetensorsHeader.Entry form) {
        this.name = name;
        this.form = form;
        pieces = new ByteBuffer[(int) ((form.end() - form.begin() + PIECE - 1) >>> PIECE_BITS)];
    }

    static StoredTensor read(String name, SafetensorsHeader.Entry form, MessageSource source) {
        long bytes = form.end() - form.begin();
        if (bytes / form.dtype().bytes() > Integer.MAX_VALUE - 8) {
            throw new InvalidMessageException("tensor " + JsonFile.shorten(name) + " has " + bytes
                    + " bytes, more numbers than an array can hold");
        }
        StoredTensor tensor = new StoredTensor(name, form);
        for (int i = 0; i < tensor.pieces.length; i++) {
            tensor.pieces[i] = source.take((int) Math.min(bytes - ((long) i << PIECE_BITS), PIECE));
        }
        return tensor;
    }

    private long count() {
        return (form.end() - form.begin()) / form.dtype().bytes();
    }

    InvalidMessageException fault(String rule) {
        return new InvalidMessageException("tensor " + JsonFile.shorten(name) + " " + rule);
    }

    Dtype dtype() {
        return form.dtype();
    }

    /** Must not be changed. */
    int[] shape() {
        return form.shape();
    }

    int size() {
        return (int) count();
    }

    /** Rejects another type or number of axes. */
    StoredTensor expect(Dtype dtype, int axes) {
        if (form.dtype() != dtype || form.shape().length != axes) {
            throw fault("must be " + dtype + " with " + axes + (axes == 1 ? " axis" : " axes") + ", was " + form.dtype()
                    + " " + Arrays.toString(form.shape()));
        }
        return this;
    }

    private ByteBuffer piece(long at) {
        return pieces[(int) (at >>> PIECE_BITS)];
    }

    private static int within(long at) {
        return (int) at & (PIECE - 1);
    }

    byte byteAt(int i) {
        return piece(i).get(within(i));
    }

    int intAt(int i) {
        return piece(4L * i).getInt(within(4L * i));
    }

    /** For F32 and F16; rejects NaN and infinity. */
    float floatAt(int i) {
        float value = form.dtype() == Dtype.F16
                ? HalfFloats.fromF16(piece(2L * i).getShort(within(2L * i)))
                : piece(4L * i).getFloat(within(4L * i));
        if (!Float.isFinite(value)) {
            throw fault("holds " + value + " at " + i + ", all must be finite");
        }
        return value;
    }

    /** For F64; rejects NaN and infinity. */
    double doubleAt(int i) {
        double value = piece(8L * i).getDouble(within(8L * i));
        if (!Double.isFinite(value)) {
            throw fault("holds " + value + " at " + i + ", all must be finite");
        }
        return value;
    }

    /** All bytes. */
    byte[] toBytes() {
        byte[] bytes = new byte[Math.toIntExact(form.end() - form.begin())];
        int at = 0;
        for (ByteBuffer piece : pieces) {
            piece.duplicate().get(bytes, at, piece.limit());
            at += piece.limit();
        }
        return bytes;
    }

    /** All numbers, for small tensors. */
    float[] toFloats() {
        float[] values = new float[size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = floatAt(i);
        }
        return values;
    }
}
