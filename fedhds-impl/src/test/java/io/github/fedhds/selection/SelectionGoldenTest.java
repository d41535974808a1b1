package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.clustering.GoldenClusters;
import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Agrees with selection.json (written by golden/scripts/selection.py with hdbscan 0.8.44), every case. */
@Tag("golden")
class SelectionGoldenTest {
    private record Origin(int client, int group) {}

    private static JsonArray cases() {
        JsonArray cases = GoldenClusters.read("selection.json").getAsJsonArray("cases");
        assertTrue(!cases.isEmpty());
        return cases;
    }

    private static CoresetSelector onClients(JsonObject golden) {
        int size = golden.get("min_cluster_size").getAsInt();
        return HdbscanSelector.builder()
                .clustering(Hdbscan.builder().minClusterSize(size).build())
                .build();
    }

    private static List<Points> samples(JsonObject golden) {
        List<Points> samples = new ArrayList<>();
        for (JsonElement client : golden.getAsJsonArray("clients")) {
            JsonObject holder = new JsonObject();
            holder.add("points", client);
            samples.add(GoldenClusters.points(GoldenClusters.get(holder, "points", double[][].class)));
        }
        return samples;
    }

    private static Map<Integer, List<Integer>> coreset(JsonObject golden) {
        Map<Integer, List<Integer>> coreset = new TreeMap<>();
        JsonObject sets = golden.getAsJsonObject("coreset");
        for (String client : sets.keySet()) {
            coreset.put(
                    Integer.valueOf(client),
                    Arrays.stream(GoldenClusters.get(sets, client, int[].class))
                            .boxed()
                            .toList());
        }
        return coreset;
    }

    private static int[] labels(Coreset coreset, int n) {
        int[] labels = new int[n];
        Arrays.fill(labels, -1);
        for (Group group : coreset.groups()) {
            for (int member : group.members()) {
                labels[member] = group.id();
            }
        }
        return labels;
    }

    @Test
    void select_bothLevels_matchEveryGoldenCase() {
        RoundContext round = RoundContext.first();
        for (JsonElement element : cases()) {
            JsonObject golden = element.getAsJsonObject();
            List<Points> samples = samples(golden);
            List<Coreset> coresets = new ArrayList<>();
            List<double[]> centroids = new ArrayList<>();
            List<Origin> origins = new ArrayList<>();
            for (int c = 0; c < samples.size(); c++) {
                JsonObject intra = golden.getAsJsonArray("intra").get(c).getAsJsonObject();
                Coreset coreset = onClients(golden).select(Candidates.of(samples.get(c)), round);
                coresets.add(coreset);
                int[] match = GoldenClusters.match(
                        GoldenClusters.get(intra, "labels", int[].class),
                        labels(coreset, samples.get(c).size()),
                        "client " + c);
                double[][] expected = GoldenClusters.get(intra, "centroids", double[][].class);
                assertEquals(expected.length, coreset.groups().size());
                for (int g = 0; g < expected.length; g++) { // in the file's order, so that its numbers mean ours
                    Group group = coreset.groups().get(match[g]);
                    assertArrayEquals(expected[g], group.centre().orElseThrow(), 1e-6);
                    centroids.add(group.centre().orElseThrow());
                    origins.add(new Origin(c, match[g]));
                }
            }
            Coreset server = HdbscanSelector.forServer().select(Candidates.of(Points.of(centroids)), round);
            GoldenClusters.match(
                    GoldenClusters.get(golden, "server_labels", int[].class),
                    labels(server, centroids.size()),
                    "server");
            int[] chosen = server.groups().stream()
                    .flatMapToInt(group -> Arrays.stream(group.representatives()))
                    .sorted()
                    .toArray();
            assertArrayEquals(GoldenClusters.get(golden, "chosen_centroids", int[].class), chosen);
            Map<Integer, List<Integer>> actual = new TreeMap<>();
            for (int place : chosen) {
                Origin origin = origins.get(place);
                for (int member : coresets.get(origin.client())
                        .groups()
                        .get(origin.group())
                        .representatives()) {
                    actual.computeIfAbsent(origin.client(), c -> new ArrayList<>())
                            .add(member);
                }
            }
            actual.values().forEach(members -> members.sort(null));
            assertEquals(coreset(golden), actual);
        }
    }

    @Test
    void round_throughClientAndServer_trainsOnEveryGoldenCoreset() {
        for (JsonElement element : cases()) {
            JsonObject golden = element.getAsJsonObject();
            Map<Integer, List<Integer>> trained =
                    new TreeMap<>(Rounds.trainedOn(samples(golden), onClients(golden), HdbscanSelector.forServer()));
            trained.replaceAll((client, members) -> members.stream().sorted().toList());
            assertEquals(coreset(golden), trained);
        }
    }
}
