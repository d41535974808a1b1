package io.github.fedhds.internal.safetensors;

import java.nio.ByteBuffer;

/** Number types of a safetensors file, with the names of the format; all little-endian. */
public enum Dtype {
    BOOL(1),
    U8(1),
    I8(1),
    F8_E5M2(1),
    F8_E4M3(1),
    I16(2),
    U16(2),
    F16(2),
    BF16(2),
    I32(4),
    U32(4),
    F32(4),
    I64(8),
    U64(8),
    F64(8);

    private final int bytes;

    Dtype(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes per number. */
    public int bytes() {
        return bytes;
    }

    /** True if a value is not finite, or stays finite when rounded to this type; for floating-point types. */
    public boolean holds(double value) {
        double overflow = switch (this) { // halfway between the largest number and the next power of two
            case F16 -> 65520;
            case BF16 -> 0x1.ffp127;
            case F32 -> 0x1.ffffffp127;
            case F64 -> Double.POSITIVE_INFINITY;
            default -> throw notFloating();
        };
        return Math.abs(value) < overflow || !Double.isFinite(value);
    }

    /** Reads {@code count} numbers from a little-endian buffer; exact. For types with {@link #readsAsFloat}. */
    public void decode(ByteBuffer from, double[] values, int count) {
        for (int i = 0; i < count; i++) {
            values[i] = switch (this) {
                case F16 -> HalfFloats.fromF16(from.getShort());
                case BF16 -> HalfFloats.fromBf16(from.getShort());
                case F32 -> from.getFloat();
                case F64 -> from.getDouble();
                default -> throw notFloating();
            };
        }
    }

    /**
     * Writes {@code count} numbers to a little-endian buffer, each rounded once (to nearest, ties to even). For types
     * with {@link #readsAsFloat}.
     */
    public void encode(double[] values, int count, ByteBuffer into) {
        for (int i = 0; i < count; i++) {
            switch (this) {
                case F16 -> into.putShort(HalfFloats.toF16(values[i]));
                case BF16 -> into.putShort(HalfFloats.toBf16(values[i]));
                case F32 -> into.putFloat((float) values[i]);
                case F64 -> into.putDouble(values[i]);
                default -> throw notFloating();
            }
        }
    }

    private IllegalArgumentException notFloating() {
        return new IllegalArgumentException(this + " is none of the floating types F32, F16, BF16 and F64");
    }

    /** True for the types that {@link TensorSource#readFloats} converts to float. */
    public boolean readsAsFloat() {
        return this == F32 || this == F16 || this == BF16 || this == F64;
    }
}
