package io.github.fedhds.internal.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.fedhds.SharedFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Files written by Python's safetensors. */
@Tag("golden")
class SafetensorsGoldenTest {
    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(p -> p.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void open_everyGoldenFile_reads() throws IOException {
        readEach(files(SharedFolders.golden()));
    }

    @Test
    void open_everyCheckpoint_reads() throws IOException {
        readEach(files(SharedFolders.models()));
    }

    private static void readEach(List<Path> files) {
        assertFalse(files.isEmpty());
        for (Path path : files) {
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                for (String name : file.names()) {
                    int size = 1;
                    for (int length : file.shape(name)) {
                        size *= length;
                    }
                    assertEquals(
                            size * file.dtype(name).bytes(), file.read(name).remaining(), path + " " + name);
                    if (file.dtype(name).readsAsFloat()) {
                        assertEquals(size, file.readFloats(name).length, path + " " + name);
                    }
                }
            }
        }
    }

    /** A BF16 and an F16 checkpoint hold what rounding their own float values gives: our rounding loses nothing there. */
    @Test
    void write_halfCheckpoints_comeBackBitForBit() throws IOException {
        List<Dtype> seen = new ArrayList<>();
        for (Path path : files(SharedFolders.models())) {
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                for (String name : file.names()) {
                    Dtype dtype = file.dtype(name);
                    if (dtype == Dtype.F16 || dtype == Dtype.BF16) {
                        seen.add(dtype);
                        float[] values = file.readFloats(name);
                        short[] stored = new short[values.length];
                        file.read(name).asShortBuffer().get(stored);
                        short[] back = new short[values.length];
                        for (int i = 0; i < back.length; i++) {
                            back[i] = dtype == Dtype.F16 ? HalfFloats.toF16(values[i]) : HalfFloats.toBf16(values[i]);
                        }
                        assertArrayEquals(stored, back, path + " " + name);
                    }
                }
            }
        }
        assertFalse(seen.isEmpty());
    }
}
