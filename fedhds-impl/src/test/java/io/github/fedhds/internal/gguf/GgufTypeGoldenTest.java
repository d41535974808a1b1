package io.github.fedhds.internal.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.SharedFolders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks of every packed type, by the table "Test vectors" of {@code GGUF.md} beside the golden folder. */
@Tag("golden")
class GgufTypeGoldenTest {
    /** Place of the scale d, and of m or dmin (-1: none), in a block. */
    private static final Map<GgufType, List<Integer>> SCALES = Map.ofEntries(
            Map.entry(GgufType.Q4_0, List.of(0, -1)),
            Map.entry(GgufType.Q4_1, List.of(0, 2)),
            Map.entry(GgufType.Q5_0, List.of(0, -1)),
            Map.entry(GgufType.Q5_1, List.of(0, 2)),
            Map.entry(GgufType.Q8_0, List.of(0, -1)),
            Map.entry(GgufType.Q2_K, List.of(80, 82)),
            Map.entry(GgufType.Q3_K, List.of(108, -1)),
            Map.entry(GgufType.Q4_K, List.of(0, 2)),
            Map.entry(GgufType.Q5_K, List.of(0, 2)),
            Map.entry(GgufType.Q6_K, List.of(208, -1)),
            Map.entry(GgufType.IQ4_NL, List.of(0, -1)),
            Map.entry(GgufType.IQ4_XS, List.of(0, -1)));

    record Vector(String type, String values, double sum, double weighted) {}

    static List<Vector> vectors() throws IOException {
        Path file = SharedFolders.golden().resolveSibling("GGUF.md");
        Assumptions.assumeTrue(Files.isRegularFile(file), () -> "skipped: no " + file);
        List<Vector> vectors = Files.readString(file)
                .substring(Files.readString(file).indexOf("### Test vectors"))
                .lines()
                .takeWhile(line -> !line.startsWith("## "))
                .filter(line -> line.matches("\\| I?Q\\w+ \\|.*"))
                .map(line -> line.split("\\|"))
                .map(cells -> new Vector(
                        cells[1].trim(),
                        cells[2].trim(),
                        Double.parseDouble(cells[3].trim()),
                        Double.parseDouble(cells[4].trim())))
                .toList();
        assertEquals(SCALES.size(), vectors.size(), "every packed type has a vector");
        return vectors;
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void unpack_givesTheGoldenValues(Vector vector) {
        GgufType type = GgufType.valueOf(vector.type());
        ByteBuffer block = ByteBuffer.allocate(type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < type.bytes(); i++) {
            block.put(i, (byte) (37 * i + 11));
        }
        List<Integer> scales = Objects.requireNonNull(SCALES.get(type), vector.type());
        block.putShort(scales.get(0), (short) 0x3000); // 0.125
        if (scales.get(1) >= 0) {
            block.putShort(scales.get(1), (short) 0xba00); // -0.75
        }
        float[] values = new float[type.elements() + 5];
        type.unpack(block, 0, values, 5);
        Stream.of(vector.values().split(",")).map(pair -> pair.split(":")).forEach(pair -> {
            int index = Integer.parseInt(pair[0].trim());
            assertEquals(Float.parseFloat(pair[1].trim()), values[5 + index], () -> vector.type() + " at " + index);
        });
        float[] block32 = Arrays.copyOfRange(values, 5, values.length);
        double sum = 0;
        double weighted = 0;
        for (int i = 0; i < block32.length; i++) {
            sum += block32[i];
            weighted += (i + 1) * (double) block32[i];
        }
        assertEquals(vector.sum(), sum);
        assertEquals(vector.weighted(), weighted);
    }
}
