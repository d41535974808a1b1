package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Damages one file of a folder in many ways. Whoever reads it must take it, or give a typed error that names a file of the folder,
 * with no more memory than is due. Beside a hundred cuts, {@code -Dfedhds.fuzz=100000} asks for so many cases, {@code -Dfedhds.fuzz.seed=7} for
 * others; case i depends on seed and i alone.
 */
public final class Fuzz {
    private static final int CASES = Integer.getInteger("fedhds.fuzz", 600);
    private static final long SEED = Long.getLong("fedhds.fuzz.seed", 2410);
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final Gson GSON = new GsonBuilder().serializeNulls().create();
    private static final String PLACE = "@fuzz@";

    /** What a value may turn into, as text: some of it no JSON. */
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "false",
            "0",
            "-1",
            "1",
            "7",
            "1.5",
            "-0.0",
            "1e-320",
            "65536",
            "2147483647",
            "2147483648",
            "-2147483648",
            "9223372036854775807",
            "18446744073709551615",
            "1e99",
            "1e999999999",
            "-1e999999999",
            "1" + "0".repeat(400),
            "NaN",
            "\"\"",
            "\"x\"",
            "\"../x\"",
            "\"\\u0000\"",
            "\"\\ud83d\"",
            "\"" + "y".repeat(5000) + "\"",
            "[]",
            "{}",
            "[null]",
            "[[1]]",
            "{\"type\": \"x\"}",
            "{\"a\": null, \"a\": 1}",
            "[".repeat(200) + "]".repeat(200),
            "{\"a\":".repeat(300) + "1" + "}".repeat(300),
            "[".repeat(100_000),
            "[".repeat(50_000) + "]".repeat(50_000));

    /** Reads what was written. */
    @FunctionalInterface
    public interface Reading {
        void read() throws IOException;
    }

    private Fuzz() {}

    /**
     * Runs all cases and puts the good file back.
     *
     * @param mostAllocated bytes that a reading may allocate on the heap
     */
    public static void damage(Path file, boolean json, long mostAllocated, Reading reading) throws IOException {
        byte[] good = Files.readAllBytes(file);
        reading.read(); // the good one, which also loads classes before memory is counted
        for (int length = 0; length < good.length; length += Math.max(1, good.length / 100)) {
            Files.write(file, Arrays.copyOf(good, length));
            isTaken(file, "cut to " + length + " bytes", mostAllocated, reading);
        }
        int taken = 0;
        for (int i = 0; i < CASES; i++) {
            byte[] bad = damaged(good, json, new SplittableRandom(SEED * 1_000_003 + i));
            Files.write(file, bad);
            taken += isTaken(file, "case " + i + " of seed " + SEED, mostAllocated, reading) ? 1 : 0;
        }
        Files.write(file, good);
        int cases = CASES;
        assertTrue(CASES < 100 || taken < CASES, () -> "all " + cases + " damages were taken");
    }

    private static boolean isTaken(Path file, String label, long mostAllocated, Reading reading) throws IOException {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        boolean taken = false;
        try {
            reading.read();
            taken = true;
        } catch (FedHdsException | IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            // Where two files disagree, the one that names the other in its message may be either.
            if (!message.contains(String.valueOf(file.getParent())) || message.length() > 2000) {
                fail(label + " of " + file.getFileName() + ": the message names no file or is too long: " + message, e);
            }
        } catch (RuntimeException | Error e) {
            fail(label + " of " + file.getFileName() + ": " + e, e);
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < mostAllocated, () -> label + " of " + file + " allocated " + allocated + " bytes");
        return taken;
    }

    private static byte[] damaged(byte[] good, boolean json, SplittableRandom random) {
        byte[] bad = good.clone();
        switch (random.nextInt(json ? 12 : 5)) {
            case 0 -> { // another file altogether
                bad = new byte[random.nextInt(200)];
                random.nextBytes(bad);
            }
            case 1 -> bad = Arrays.copyOf(good, random.nextInt(good.length));
            case 2 -> bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            case 3 -> bad[place(random, bad.length)] = (byte) random.nextInt();
            case 4 -> {
                int from = place(random, bad.length);
                int to = place(random, bad.length);
                System.arraycopy(good, from, bad, to, Math.min(random.nextInt(64), bad.length - Math.max(from, to)));
            }
            default -> {
                return restructured(good, random).getBytes(StandardCharsets.UTF_8);
            }
        }
        return bad;
    }

    /** Often near the beginning, where headers are. */
    private static int place(SplittableRandom random, int length) {
        return random.nextInt(random.nextBoolean() ? length : Math.min(length, 256));
    }

    /** One or two members dropped, doubled or given another value. */
    private static String restructured(byte[] good, SplittableRandom random) {
        JsonElement root = JsonParser.parseString(new String(good, StandardCharsets.UTF_8));
        List<String> texts = new ArrayList<>();
        int edits = 1 + random.nextInt(2);
        for (int edit = 0; edit < edits; edit++) {
            List<JsonElement> inner = new ArrayList<>();
            collect(root, inner);
            if (!inner.isEmpty()) {
                edit(inner.get(random.nextInt(inner.size())), random, texts);
            }
        }
        String text = GSON.toJson(root);
        for (int i = 0; i < texts.size(); i++) {
            text = text.replace("\"" + PLACE + i + "\"", texts.get(i));
        }
        return text;
    }

    /** Objects and lists that hold something; long lists of equal kind weigh no more than others. */
    private static void collect(JsonElement element, List<JsonElement> into) {
        if (element.isJsonObject() && !element.getAsJsonObject().isEmpty()) {
            into.add(element);
            element.getAsJsonObject().asMap().values().forEach(member -> collect(member, into));
        } else if (element.isJsonArray() && !element.getAsJsonArray().isEmpty()) {
            into.add(element);
            element.getAsJsonArray().asList().stream().limit(8).forEach(member -> collect(member, into));
        }
    }

    private static void edit(JsonElement inner, SplittableRandom random, List<String> texts) {
        JsonPrimitive place = new JsonPrimitive(PLACE + texts.size());
        String value = VALUES.get(random.nextInt(VALUES.size()));
        if (inner instanceof JsonArray list) {
            int at = random.nextInt(list.size());
            switch (random.nextInt(3)) {
                case 0 -> list.remove(at);
                case 1 -> list.add(list.get(at));
                default -> {
                    list.set(at, place);
                    texts.add(value);
                }
            }
        } else if (inner instanceof JsonObject object) {
            List<String> keys = List.copyOf(object.keySet());
            String key = keys.get(random.nextInt(keys.size()));
            switch (random.nextInt(5)) {
                case 0 -> object.remove(key);
                case 1 -> {
                    String old = GSON.toJson(object.get(key));
                    object.add(key, place);
                    texts.add(value + "," + GSON.toJson(key) + ":" + old);
                }
                default -> {
                    object.add(key, place);
                    texts.add(value);
                }
            }
        }
    }
}
