package io.github.fedhds.transformer;

import io.github.fedhds.internal.gguf.GgufType;
import java.util.Optional;

/**
 * Forms in which a matrix can stay packed in memory: an array of bytes {@code [rows, blocks, bytes of a block]}, whose
 * blocks are those of a GGUF file or of a bitsandbytes NF4 matrix. The number of bytes of a block tells the form, so that
 * one TorchScript method unpacks all of them. The results have the same bits as those of {@link GgufType}.
 */
enum PackedForm {
    Q4_0(18, 32) {
        @Override
        String unpack() {
            return half("d", 0) + nibbles(2) + "x = torch.mul(torch.sub(torch.to(q, 6), 8.), d)\n";
        }
    },
    Q4_1(20, 32) {
        @Override
        String unpack() {
            return half("d", 0) + half("m", 2) + nibbles(4) + "x = torch.add_(torch.mul_(torch.to(q, 6), d), m)\n";
        }
    },
    Q5_0(22, 32) {
        @Override
        String unpack() {
            return half("d", 0) + nibbles(6) + fifthBits(2) + "x = torch.mul(torch.sub(torch.to(q, 6), 16.), d)\n";
        }
    },
    Q5_1(24, 32) {
        @Override
        String unpack() {
            return half("d", 0)
                    + half("m", 2)
                    + nibbles(8)
                    + fifthBits(4)
                    + "x = torch.add_(torch.mul_(torch.to(q, 6), d), m)\n";
        }
    },
    Q8_0(34, 32) {
        @Override
        String unpack() {
            return half("d", 0) + "x = torch.mul_(torch.to(torch.view_copy(torch.slice(w, 2, 2), dtype=1), 6), d)\n";
        }
    },
    /** The largest magnitude of the block in float32, then the codes, the first of a pair in the high four bits. */
    NF4(36, 64) {
        @Override
        String unpack() {
            return "pairs = torch.tensor(" + pairs() + ", dtype=6, device=w.device)\n"
                    + "d = torch.view_copy(torch.contiguous(torch.slice(w, 2, 0, 4)), dtype=6)\n"
                    + "q = torch.to(torch.slice(w, 2, 4), 3)\n"
                    + "x = torch.mul_(torch.flatten(torch.embedding(torch.view(pairs, [256, 2]), q), 2, 3), d)\n";
        }
    },
    Q4_K(144, 256) {
        @Override
        String unpack() {
            return subScales() + eighths(16) + "x = " + SCALED;
        }
    },
    Q5_K(176, 256) {
        @Override
        String unpack() {
            return subScales()
                    + eighths(48)
                    + "h = torch.unsqueeze(torch.slice(w, 2, 16, 48), 2)\n"
                    + "h = torch.bitwise_and(torch.bitwise_right_shift(h, torch.unsqueeze(torch.arange(8, dtype=0,"
                    + " device=w.device), 1)), 1)\n"
                    + "q = torch.bitwise_or(q, torch.bitwise_left_shift(h, 4))\n"
                    + "x = " + SCALED;
        }
    },
    Q6_K(210, 256) {
        @Override
        String unpack() {
            return half("d", 208)
                    + "s = torch.to(torch.view_copy(torch.contiguous(torch.slice(w, 2, 192, 208)), dtype=1), 6)\n"
                    + "low = torch.reshape(torch.slice(w, 2, 0, 128), [r, b, 2, 64])\n"
                    + "q = torch.cat([torch.bitwise_and(low, 15), torch.bitwise_right_shift(low, 4)], 3)\n"
                    + "h = torch.reshape(torch.slice(w, 2, 128, 192), [r, b, 2, 1, 32])\n"
                    + "by = torch.unsqueeze(torch.arange(0, 8, 2, dtype=0, device=w.device), 1)\n"
                    + "h = torch.bitwise_left_shift(torch.bitwise_and(torch.bitwise_right_shift(h, by), 3), 4)\n"
                    + "q = torch.bitwise_or(torch.reshape(q, [r, b, 16, 16]), torch.reshape(h, [r, b, 16, 16]))\n"
                    + "x = torch.mul(torch.unsqueeze(torch.mul(d, s), 3), torch.sub(torch.to(q, 6), 32.))\n";
        }
    };

    /** The values of the NF4 codes, which bitsandbytes writes to every file. */
    static final float[] NF4_CODE = {
        -1,
        -0.6961928009986877f,
        -0.5250730514526367f,
        -0.39491748809814453f,
        -0.28444138169288635f,
        -0.18477343022823334f,
        -0.09105003625154495f,
        0,
        0.07958029955625534f,
        0.16093020141124725f,
        0.24611230194568634f,
        0.33791524171829224f,
        0.44070982933044434f,
        0.5626170039176941f,
        0.7229568362236023f,
        1
    };

    private static final String SCALED = "torch.sub(torch.mul(torch.unsqueeze(torch.mul(d, s), 3), torch.to(q, 6)),"
            + " torch.unsqueeze(torch.mul(m, low), 3))\n";

    private final int bytes;
    private final int elements;

    PackedForm(int bytes, int elements) {
        this.bytes = bytes;
        this.elements = elements;
    }

    /** Bytes of a block. */
    int bytes() {
        return bytes;
    }

    /** Elements of a block. */
    int elements() {
        return elements;
    }

    /** The form of a GGUF type; empty if matrices of this type are unpacked when they are loaded. */
    static Optional<PackedForm> of(GgufType type) {
        return switch (type) {
            case Q4_0 -> Optional.of(Q4_0);
            case Q4_1 -> Optional.of(Q4_1);
            case Q5_0 -> Optional.of(Q5_0);
            case Q5_1 -> Optional.of(Q5_1);
            case Q8_0 -> Optional.of(Q8_0);
            case Q4_K -> Optional.of(Q4_K);
            case Q5_K -> Optional.of(Q5_K);
            case Q6_K -> Optional.of(Q6_K);
            default -> Optional.empty();
        };
    }

    /** Statements from w, the blocks, to x, their values in float32: {@code [r, b, ...]}. */
    abstract String unpack();

    /**
     * The method {@code unpacked}: from a matrix as it is in memory, packed or not, to {@code [rows, columns]}.
     *
     * @param self the class of the method
     * @param type torch's number of the result's type
     */
    static String method(String self, int type) {
        String unpack = "x = torch.to(w, 6)\n";
        for (PackedForm form : values()) {
            unpack = "if torch.eq(n, " + form.bytes + "):\n" + form.unpack().indent(2) + "else:\n" + unpack.indent(2);
        }
        String blocks = "r = torch.size(w, 0)\nb = torch.size(w, 1)\nn = torch.size(w, 2)\n" + unpack
                + "y = torch.reshape(x, [r, -1])\n";
        return "def unpacked(" + self + ", w: Tensor) -> Tensor:\n"
                + "  if torch.eq(torch.dim(w), 3):\n" + blocks.indent(4)
                + "  else:\n    y = w\n"
                + "  return torch.to(y, " + type + ")\n";
    }

    private static String half(String name, int at) {
        return name + " = torch.to(torch.view_copy(torch.slice(w, 2, " + at + ", " + (at + 2) + "), dtype=5), 6)\n";
    }

    /** The four-bit codes of a block of 32: low halves, then high halves. */
    private static String nibbles(int at) {
        return "q = torch.slice(w, 2, " + at + ")\n"
                + "q = torch.cat([torch.bitwise_and(q, 15), torch.bitwise_right_shift(q, 4)], 2)\n";
    }

    /** Adds the fifth bits: those of element e are bit e of 32. */
    private static String fifthBits(int at) {
        return "h = torch.view_copy(torch.contiguous(torch.slice(w, 2, " + at + ", " + (at + 4) + ")), dtype=3)\n"
                + "h = torch.bitwise_and(torch.bitwise_right_shift(h, torch.arange(32, dtype=3, device=w.device)), 1)\n"
                + "q = torch.bitwise_or(q, torch.to(torch.bitwise_left_shift(h, 4), 0))\n";
    }

    /** Scales and minima of the eight parts of a block, 6 bits each: s and low {@code [r, b, 8]}. */
    private static String subScales() {
        return half("d", 0)
                + half("m", 2)
                + "s0 = torch.slice(w, 2, 4, 8)\ns1 = torch.slice(w, 2, 8, 12)\ns2 = torch.slice(w, 2, 12, 16)\n"
                + "h0 = torch.bitwise_left_shift(torch.bitwise_right_shift(s0, 6), 4)\n"
                + "h1 = torch.bitwise_left_shift(torch.bitwise_right_shift(s1, 6), 4)\n"
                + "s = torch.to(torch.cat([torch.bitwise_and(s0, 63), torch.bitwise_or(torch.bitwise_and(s2, 15), h0)], 2),"
                + " 6)\n"
                + "low = torch.to(torch.cat([torch.bitwise_and(s1, 63), torch.bitwise_or(torch.bitwise_right_shift(s2, 4),"
                + " h1)], 2), 6)\n";
    }

    /** The four-bit codes of a block of 256: {@code [r, b, 8, 32]}. */
    private static String eighths(int at) {
        return "q = torch.reshape(torch.slice(w, 2, " + at + ", " + (at + 128) + "), [r, b, 4, 1, 32])\n"
                + "q = torch.reshape(torch.cat([torch.bitwise_and(q, 15), torch.bitwise_right_shift(q, 4)], 3), [r, b, 8,"
                + " 32])\n";
    }

    /** The two values of each byte of NF4 codes. */
    private static String pairs() {
        StringBuilder pairs = new StringBuilder("[");
        for (int both = 0; both < 256; both++) {
            pairs.append(both == 0 ? "" : ", ")
                    .append((double) NF4_CODE[both >> 4])
                    .append(", ")
                    .append((double) NF4_CODE[both & 15]);
        }
        return pairs.append("]").toString();
    }
}
