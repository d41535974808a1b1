package io.github.fedhds.wire;

/** How a number is stored in a safetensors file, by the names of the format; all little-endian. */
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

    /** Bytes of one number. */
    public int bytes() {
        return bytes;
    }

    /** True for the types that {@link TensorSource#readFloats} turns into float. */
    public boolean readsAsFloat() {
        return this == F32 || this == F16 || this == BF16 || this == F64;
    }
}
