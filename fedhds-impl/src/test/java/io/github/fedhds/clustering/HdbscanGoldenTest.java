package io.github.fedhds.clustering;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.feature.Points;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Agrees with cluster/hdbscan.json (written by golden/scripts/cluster.py with hdbscan 0.8.44), every case and run. */
@Tag("golden")
class HdbscanGoldenTest {
    private static final Set<String> OPTIONS = Set.of(
            "min_cluster_size",
            "min_samples",
            "cluster_selection_method",
            "allow_single_cluster",
            "cluster_selection_epsilon");

    private record Run(String name, Points points, JsonObject options, JsonObject exact) {}

    private static List<Run> runs() {
        List<Run> runs = new ArrayList<>();
        for (JsonElement element : GoldenClusters.read("cluster/hdbscan.json").getAsJsonArray("cases")) {
            JsonObject golden = element.getAsJsonObject();
            Points points = GoldenClusters.points(GoldenClusters.get(golden, "points", double[][].class));
            for (JsonElement run : golden.getAsJsonArray("runs")) {
                JsonObject options = run.getAsJsonObject().getAsJsonObject("options");
                assertTrue(OPTIONS.containsAll(options.keySet()), "an option unknown here: " + options);
                runs.add(new Run(
                        golden.get("name").getAsString() + " " + options,
                        points,
                        options,
                        run.getAsJsonObject().getAsJsonObject("exact")));
            }
        }
        return runs;
    }

    private static Hdbscan method(JsonObject options, By by) {
        Hdbscan.Builder builder = Hdbscan.builder().hierarchy(by.hierarchy());
        if (options.has("min_cluster_size")) {
            builder.minClusterSize(options.get("min_cluster_size").getAsInt());
        }
        if (options.has("min_samples")) {
            builder.minSamples(options.get("min_samples").getAsInt());
        }
        if (options.has("cluster_selection_method")) {
            String method = options.get("cluster_selection_method").getAsString();
            builder.selectionMethod(
                    method.equals("leaf") ? Hdbscan.SelectionMethod.LEAF : Hdbscan.SelectionMethod.EXCESS_OF_MASS);
        }
        if (options.has("allow_single_cluster")) {
            builder.allowSingleCluster(options.get("allow_single_cluster").getAsBoolean());
        }
        if (options.has("cluster_selection_epsilon")) {
            builder.selectionEpsilon(options.get("cluster_selection_epsilon").getAsDouble());
        }
        return builder.build();
    }

    @ParameterizedTest
    @EnumSource(By.class)
    void fit_everyGoldenRun_matches(By by) {
        List<Run> runs = runs();
        for (Run run : runs) {
            Clustering actual = method(run.options(), by).fit(run.points());
            assertMatches(run, actual, identity(run.points().size()));
            assertArrayEquals(
                    GoldenClusters.get(run.exact(), "labels", int[].class), actual.labels(), run.name() + ", numbers");
        }
        assertTrue(!runs.isEmpty());
    }

    @ParameterizedTest
    @EnumSource(By.class)
    void fit_everyGoldenRunInShuffledOrder_matches(By by) {
        for (Run run : runs()) {
            for (int seed = 0; seed < 5; seed++) {
                int[] order = GoldenClusters.shuffled(run.points().size(), new Random(seed));
                Clustering actual = method(run.options(), by).fit(GoldenClusters.reorder(run.points(), order));
                assertMatches(run, actual, order);
            }
        }
    }

    private static int[] identity(int n) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        return order;
    }

    /** The file's tolerance is 1e-6; differences seen are below 6e-9, the file's rounding to 8 digits. */
    private static void assertMatches(Run run, Clustering actual, int[] order) {
        int[] labels = new int[order.length];
        double[] probabilities = new double[order.length];
        for (int i = 0; i < order.length; i++) {
            labels[order[i]] = actual.labels()[i];
            probabilities[order[i]] = actual.probabilities()[i];
        }
        int[] expected = GoldenClusters.get(run.exact(), "labels", int[].class);
        int[] match = GoldenClusters.match(expected, labels, run.name());
        assertArrayEquals(
                GoldenClusters.get(run.exact(), "probabilities", double[].class), probabilities, 1e-6, run.name());
        double[] persistence = GoldenClusters.get(run.exact(), "persistence", double[].class);
        double[][] centroids = GoldenClusters.get(run.exact(), "weighted_centroids", double[][].class);
        assertEquals(persistence.length, actual.clusters(), run.name());
        for (int c = 0; c < persistence.length; c++) {
            assertEquals(persistence[c], actual.persistence()[match[c]], 1e-6, run.name());
            assertArrayEquals(centroids[c], actual.centroids().point(match[c]), 1e-6, run.name());
        }
        assertEquals(
                run.exact().get("spanning_tree_weight").getAsDouble(), actual.spanningTreeWeight(), 1e-6, run.name());
    }
}
