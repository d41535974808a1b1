package io.github.fedhds.internal.gguf;

import io.github.fedhds.internal.safetensors.HalfFloats;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The tensor types of GGUF that can be unpacked, each a sequence of blocks with one or more scales. All little-endian.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">The GGUF format</a>
 */
public enum GgufType {
    F32(0, 1, 4) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            to[start] = from.getFloat(at);
        }
    },
    F16(1, 1, 2) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            to[start] = half(from, at);
        }
    },
    BF16(30, 1, 2) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            to[start] = HalfFloats.fromBf16(from.getShort(at));
        }
    },
    Q4_0(2, 32, 18) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            float scale = half(from, at);
            for (int j = 0; j < 16; j++) {
                int packed = from.get(at + 2 + j);
                to[start + j] = ((packed & 15) - 8) * scale;
                to[start + j + 16] = ((packed >> 4 & 15) - 8) * scale;
            }
        }
    },
    Q4_1(3, 32, 20) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            float scale = half(from, at);
            float least = half(from, at + 2);
            for (int j = 0; j < 16; j++) {
                int packed = from.get(at + 4 + j);
                to[start + j] = (packed & 15) * scale + least;
                to[start + j + 16] = (packed >> 4 & 15) * scale + least;
            }
        }
    },
    Q5_0(6, 32, 22) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            float scale = half(from, at);
            int high = from.getInt(at + 2);
            for (int j = 0; j < 16; j++) {
                int packed = from.get(at + 6 + j);
                to[start + j] = ((packed & 15 | (high >> j & 1) << 4) - 16) * scale;
                to[start + j + 16] = ((packed >> 4 & 15 | (high >> j + 16 & 1) << 4) - 16) * scale;
            }
        }
    },
    Q5_1(7, 32, 24) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            float scale = half(from, at);
            float least = half(from, at + 2);
            int high = from.getInt(at + 4);
            for (int j = 0; j < 16; j++) {
                int packed = from.get(at + 8 + j);
                to[start + j] = (packed & 15 | (high >> j & 1) << 4) * scale + least;
                to[start + j + 16] = (packed >> 4 & 15 | (high >> j + 16 & 1) << 4) * scale + least;
            }
        }
    },
    Q8_0(8, 32, 34) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            float scale = half(from, at);
            for (int j = 0; j < 32; j++) {
                to[start + j] = from.get(at + 2 + j) * scale;
            }
        }
    },
    Q2_K(10, 256, 84) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            float scale = half(from, at + 80);
            float least = half(from, at + 82);
            for (int i = 0; i < 256; i++) {
                int sub = from.get(at + subBlock(i)) & 255;
                int two = from.get(at + 16 + 32 * (i / 128) + i % 32) >> 2 * (i % 128 / 32) & 3;
                to[start + i] = scale * (sub & 15) * two - least * (sub >> 4);
            }
        }
    },
    Q3_K(11, 256, 110) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            float scale = half(from, at + 108);
            for (int i = 0; i < 256; i++) {
                int k = subBlock(i);
                int low = from.get(at + 96 + k % 8) >> (k < 8 ? 0 : 4) & 15;
                int sub = low | (from.get(at + 104 + k % 4) >> 2 * (k / 4) & 3) << 4;
                int group = i % 128 / 32;
                int two = from.get(at + 32 + 32 * (i / 128) + i % 32) >> 2 * group & 3;
                int bit = from.get(at + i % 32) >> 4 * (i / 128) + group & 1;
                to[start + i] = scale * (sub - 32) * (bit == 0 ? two - 4 : two);
            }
        }
    },
    Q4_K(12, 256, 144) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            unpackK(from, at, to, start, false);
        }
    },
    Q5_K(13, 256, 176) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            unpackK(from, at, to, start, true);
        }
    },
    Q6_K(14, 256, 210) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            float scale = half(from, at + 208);
            for (int i = 0; i < 256; i++) {
                int half = i / 128;
                int group = i % 128 / 32;
                int l = i % 32;
                int low = from.get(at + 64 * half + 32 * (group & 1) + l) >> (group < 2 ? 0 : 4) & 15;
                int high = from.get(at + 128 + 32 * half + l) >> 2 * group & 3;
                to[start + i] = scale * from.get(at + 192 + subBlock(i)) * ((low | high << 4) - 32);
            }
        }
    },
    IQ4_NL(20, 32, 18) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            unpackTable(from, at + 2, half(from, at), to, start);
        }
    },
    IQ4_XS(23, 256, 136) {
        @Override
        public void unpack(ByteBuffer from, int at, float[] to, int start) {
            float scale = half(from, at);
            int high = from.getShort(at + 2);
            for (int b = 0; b < 8; b++) {
                int sub = from.get(at + 4 + b / 2) >> 4 * (b % 2) & 15 | (high >> 2 * b & 3) << 4;
                unpackTable(from, at + 8 + 16 * b, scale * (sub - 32), to, start + 32 * b);
            }
        }
    };

    /** Values of the 4-bit codes of the IQ4 types. */
    private static final float[] TABLE = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** Names of the types that cannot be unpacked, for errors. */
    private static final Map<Integer, String> OTHERS = Map.ofEntries(
            Map.entry(9, "Q8_1"),
            Map.entry(15, "Q8_K"),
            Map.entry(16, "IQ2_XXS"),
            Map.entry(17, "IQ2_XS"),
            Map.entry(18, "IQ3_XXS"),
            Map.entry(19, "IQ1_S"),
            Map.entry(21, "IQ3_S"),
            Map.entry(22, "IQ2_S"),
            Map.entry(24, "I8"),
            Map.entry(25, "I16"),
            Map.entry(26, "I32"),
            Map.entry(27, "I64"),
            Map.entry(28, "F64"),
            Map.entry(29, "IQ1_M"),
            Map.entry(34, "TQ1_0"),
            Map.entry(35, "TQ2_0"),
            Map.entry(39, "MXFP4"),
            Map.entry(40, "NVFP4"));

    private final int id;
    private final int elements;
    private final int bytes;

    GgufType(int id, int elements, int bytes) {
        this.id = id;
        this.elements = elements;
        this.bytes = bytes;
    }

    /**
     * The type with an id.
     *
     * @throws IllegalArgumentException if the id is unknown or the type cannot be unpacked
     */
    static GgufType of(int id) {
        return Arrays.stream(values()).filter(type -> type.id == id).findFirst().orElseThrow(() -> {
            String name = OTHERS.get(id);
            String what = name == null ? "unknown type " + id : "type " + name;
            String known = Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "));
            return new IllegalArgumentException(what + " is not supported; supported: " + known);
        });
    }

    /** The format's number of the type. */
    int id() {
        return id;
    }

    /** Elements of a block. */
    public int elements() {
        return elements;
    }

    /** Bytes of a block. */
    public int bytes() {
        return bytes;
    }

    /**
     * Unpacks one block.
     *
     * @param from little-endian bytes
     * @param at position of the block's first byte
     * @param to receives {@link #elements} values from {@code start} on
     */
    public abstract void unpack(ByteBuffer from, int at, float[] to, int start);

    private static float half(ByteBuffer from, int at) {
        return (float) HalfFloats.fromF16(from.getShort(at));
    }

    /** Index of the 16-element scale of element i in Q2_K, Q3_K and Q6_K. */
    private static int subBlock(int i) {
        return 8 * (i / 128) + 2 * (i % 128 / 32) + i % 32 / 16;
    }

    private static void unpackTable(ByteBuffer from, int at, float scale, float[] to, int start) {
        for (int j = 0; j < 16; j++) {
            int packed = from.get(at + j);
            to[start + j] = scale * TABLE[packed & 15];
            to[start + j + 16] = scale * TABLE[packed >> 4 & 15];
        }
    }

    /** Q4_K and Q5_K: eight sub-blocks with a scale and a minimum of 6 bits each. */
    private static void unpackK(ByteBuffer from, int at, float[] to, int start, boolean fifthBit) {
        float scale = half(from, at);
        float least = half(from, at + 2);
        int codes = at + (fifthBit ? 48 : 16);
        for (int j = 0; j < 8; j++) {
            int sub;
            int min;
            if (j < 4) {
                sub = from.get(at + 4 + j) & 63;
                min = from.get(at + 8 + j) & 63;
            } else {
                int both = from.get(at + 8 + j);
                sub = both & 15 | (from.get(at + j) >> 6 & 3) << 4;
                min = both >> 4 & 15 | (from.get(at + 4 + j) >> 6 & 3) << 4;
            }
            for (int l = 0; l < 32; l++) {
                int code = from.get(codes + 32 * (j / 2) + l) >> 4 * (j % 2) & 15;
                if (fifthBit) {
                    code |= (from.get(at + 16 + l) >> j & 1) << 4;
                }
                to[start + 32 * j + l] = scale * sub * code - least * min;
            }
        }
    }
}
