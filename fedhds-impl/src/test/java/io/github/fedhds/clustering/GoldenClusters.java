package io.github.fedhds.clustering;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import io.github.fedhds.feature.Points;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Reads golden values of clusters, and says whether two label lists are the same partition. */
public final class GoldenClusters {
    private static final Gson GSON = new Gson();

    private GoldenClusters() {}

    /** The JSON object in a golden file; skips the test where the folder is absent. */
    public static JsonObject read(String file) {
        Path folder = Path.of(System.getProperty("fedhds.golden", "../../shared/golden"));
        assumeTrue(Files.isDirectory(folder), () -> "no golden values in " + folder + "; set -Dfedhds.golden=FOLDER");
        try {
            return GSON.fromJson(Files.readString(folder.resolve(file)), JsonObject.class);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** The value of a JSON member as an array or another simple type. */
    public static <T> T get(JsonObject object, String member, Class<T> type) {
        return GSON.fromJson(object.get(member), type);
    }

    /** Points of rows; none for no rows. */
    public static Points points(double[][] rows) {
        return Points.of(Arrays.asList(rows));
    }

    /** Row numbers in a random order. */
    public static int[] shuffled(int n, Random random) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /** Row order[i] at place i. */
    public static Points reorder(Points points, int[] order) {
        double[][] rows = new double[order.length][];
        for (int i = 0; i < order.length; i++) {
            rows[i] = points.point(order[i]);
        }
        return points(rows);
    }

    /**
     * Which cluster of {@code actual} each cluster of {@code expected} is; fails unless they are the same partition with
     * the same noise.
     */
    public static int[] match(int[] expected, int[] actual, String name) {
        if (expected.length != actual.length) {
            throw new AssertionError(name + ": " + actual.length + " labels, expected " + expected.length);
        }
        int clusters = Arrays.stream(expected).max().orElse(-1) + 1;
        int actualClusters = Arrays.stream(actual).max().orElse(-1) + 1;
        int[] forward = new int[clusters];
        int[] backward = new int[actualClusters];
        Arrays.fill(forward, -1);
        Arrays.fill(backward, -1);
        for (int i = 0; i < expected.length; i++) {
            int e = expected[i];
            int a = actual[i];
            boolean fits = (e < 0) == (a < 0);
            if (fits && e >= 0) {
                fits = (forward[e] == -1 || forward[e] == a) && (backward[a] == -1 || backward[a] == e);
                forward[e] = a;
                backward[a] = e;
            }
            if (!fits) {
                throw new AssertionError(name + ": row " + i + " differs; expected " + Arrays.toString(expected)
                        + ", was " + Arrays.toString(actual));
            }
        }
        return forward;
    }
}
