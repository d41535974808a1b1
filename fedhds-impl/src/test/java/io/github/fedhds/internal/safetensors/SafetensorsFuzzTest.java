package io.github.fedhds.internal.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Damaged bytes give a typed error or a read; never another throwable, never more memory than their length warrants. */
class SafetensorsFuzzTest {
    private static final long MOST_ALLOCATED = 1 << 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private byte[] good = new byte[0];

    @BeforeEach
    void makeFile() {
        Map<String, Tensor> tensors = new TreeMap<>();
        tensors.put("layers.0.lora_A", new Tensor(new int[] {2, 3}, new float[] {1, 2, 3, 4, 5, 6}));
        tensors.put("layers.0.lora_B", new Tensor(new int[] {3, 2}, new float[] {6, 5, 4, 3, 2, 1}));
        tensors.put("empty", new Tensor(new int[] {0, 9}, new float[0]));
        good = SafetensorsBytes.of(tensors, Map.of("format", "pt", "version", "1"));
    }

    /** Reads everything; true if the bytes were accepted. */
    private static boolean readAll(byte[] bytes) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        boolean accepted;
        try {
            SafetensorsFile file = SafetensorsFile.of("fuzz", bytes);
            long read = 0;
            for (String name : file.names()) {
                read += file.read(name).remaining();
                if (file.dtype(name).readsAsFloat()) {
                    assertEquals(
                            Arrays.stream(file.shape(name)).reduce(1, (a, b) -> a * b), file.readFloats(name).length);
                }
            }
            assertTrue(read <= bytes.length);
            accepted = true;
        } catch (FedHdsException e) {
            accepted = false;
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < MOST_ALLOCATED, () -> allocated + " bytes were allocated for " + bytes.length);
        return accepted;
    }

    @Test
    void of_everyPrefix_isRefused() {
        for (int length = 0; length < good.length; length++) {
            byte[] prefix = Arrays.copyOf(good, length);
            assertThrows(FedHdsException.class, () -> SafetensorsFile.of("prefix", prefix), "length " + length);
            readAll(prefix);
        }
        assertTrue(readAll(good));
    }

    @Test
    void of_everySingleBitFlip_isRefusedOrRead() {
        int header = good.length - 48;
        int accepted = 0;
        for (int bit = 0; bit < 8 * good.length; bit++) {
            byte[] flipped = good.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            boolean taken = readAll(flipped);
            accepted += taken ? 1 : 0;
            if (bit / 8 >= header) { // the format has no digest: data bits are data
                assertTrue(taken);
            } else if (bit / 8 < 8) {
                assertTrue(!taken, "the length before the header was changed");
            }
        }
        assertTrue(accepted < 8 * good.length / 2 + 48 * 8, "most flips of the header are found, accepted " + accepted);
    }

    @Test
    void of_manyRandomDamages_isRefusedOrRead() {
        SplittableRandom random = new SplittableRandom(Long.getLong("fedhds.fuzz.seed", 2410));
        String alphabet = "{}[]\":,0123456789eE.-+ \\u\n\0FU_";
        for (int i = 0; i < Integer.getInteger("fedhds.fuzz", 200_000); i++) {
            byte[] damaged = good.clone();
            int edits = 1 + random.nextInt(4);
            for (int edit = 0; edit < edits; edit++) {
                int at = random.nextInt(8, damaged.length);
                switch (random.nextInt(3)) {
                    case 0 -> damaged[at] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
                    case 1 -> damaged[at] = (byte) random.nextInt();
                    default -> {
                        int from = random.nextInt(8, damaged.length);
                        int length = Math.min(random.nextInt(16), damaged.length - Math.max(at, from));
                        System.arraycopy(good, from, damaged, at, length);
                    }
                }
            }
            readAll(damaged);
        }
    }
}
