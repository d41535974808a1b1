package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.internal.safetensors.HalfFloats;
import io.github.fedhds.model.Precision;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Unpacking in torch gives the bits of unpacking in Java, for any bytes. */
class PackedFormTest {
    private static final int ROWS = 5;
    private static final int BLOCKS = 3;

    private static final Map<Precision, UnpackedWeights> UNPACKED = new EnumMap<>(Precision.class);
    private static NDManager manager;

    @BeforeAll
    static void open() {
        manager = TorchRuntime.open("cpu");
        for (Precision precision : Precision.values()) {
            UNPACKED.put(precision, new UnpackedWeights(manager, precision));
        }
    }

    @AfterAll
    static void close() {
        UNPACKED.values().forEach(UnpackedWeights::close);
        manager.close();
    }

    static Stream<GgufType> types() {
        return Arrays.stream(GgufType.values())
                .filter(type -> PackedForm.of(type).isPresent());
    }

    private static byte[] randomBlocks(int blockBytes, long seed) {
        byte[] bytes = new byte[ROWS * BLOCKS * blockBytes];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private static float[] unpack(byte[] bytes, int blockBytes, Precision precision) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray blocks = scope.create(ByteBuffer.wrap(bytes), new Shape(ROWS, BLOCKS, blockBytes), DataType.UINT8);
            float[][] values = new float[1][];
            Objects.requireNonNull(UNPACKED.get(precision))
                    .use(
                            blocks,
                            result -> values[0] =
                                    result.toType(DataType.FLOAT32, false).toFloatArray());
            return values[0];
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void unpacked_givesTheBitsOfJava(GgufType type) {
        for (long seed = 0; seed < 20; seed++) {
            byte[] bytes = randomBlocks(type.bytes(), seed);
            ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            float[] expected = new float[ROWS * BLOCKS * type.elements()];
            for (int block = 0; block < ROWS * BLOCKS; block++) {
                type.unpack(buffer, block * type.bytes(), expected, block * type.elements());
            }
            assertArrayEquals(expected, unpack(bytes, type.bytes(), Precision.FLOAT32), "seed " + seed);
            for (int i = 0; i < expected.length; i++) {
                expected[i] = HalfFloats.fromBf16(HalfFloats.toBf16(expected[i]));
            }
            assertArrayEquals(expected, unpack(bytes, type.bytes(), Precision.BFLOAT16), "bfloat16, seed " + seed);
        }
    }

    @Test
    void unpacked_ofNf4_isCodeTimesLargestMagnitude() {
        int size = PackedForm.NF4.bytes();
        byte[] bytes = randomBlocks(size, 7);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        float[] expected = new float[ROWS * BLOCKS * 64];
        for (int block = 0; block < ROWS * BLOCKS; block++) {
            buffer.putFloat(block * size, 0.1f + block);
            for (int j = 0; j < 32; j++) {
                int both = bytes[block * size + 4 + j] & 255;
                expected[block * 64 + 2 * j] = PackedForm.NF4_CODE[both >> 4] * (0.1f + block);
                expected[block * 64 + 2 * j + 1] = PackedForm.NF4_CODE[both & 15] * (0.1f + block);
            }
        }
        assertArrayEquals(expected, unpack(bytes, size, Precision.FLOAT32));
    }

    @ParameterizedTest
    @EnumSource(PackedForm.class)
    void bytes_tellTheForm(PackedForm form) {
        assertEquals(
                1,
                Arrays.stream(PackedForm.values())
                        .filter(other -> other.bytes() == form.bytes())
                        .count());
    }
}
