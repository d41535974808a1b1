package io.github.fedhds.reduction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Values of scikit-learn 1.9, written by golden/scripts/reduce.py. */
@Tag("golden")
class FusionGoldenTest {
    /** Of the largest value of the column; 4.8e-8 was the largest share seen. */
    private static final double COLUMN_SHARE = 1e-3;
    /** 3.5e-18 was the largest difference seen. */
    private static final double AFFINITY = 1e-6;

    private static final TsneFusion TSNE = TsneFusion.builder().build();

    @FunctionalInterface
    private interface Check {
        void accept(String set, JsonObject facts, GoldenArrays arrays) throws IOException;
    }

    private static void forEachSet(Check check) throws IOException {
        JsonObject sets = GoldenArrays.json("reduce/reduce.json").getAsJsonObject("sets");
        GoldenArrays arrays = GoldenArrays.read("reduce/reduce.safetensors");
        for (var set : sets.entrySet()) {
            check.accept(set.getKey(), set.getValue().getAsJsonObject(), arrays);
        }
    }

    @Test
    void pca_everySet_matchesScikitLearnUpToSign() throws IOException {
        forEachSet((set, facts, arrays) -> {
            Points actual = new PcaFusion().fuse(arrays.get(set + ".features").features(), RoundContext.first());
            assertColumns(set + ".pca", arrays.get(set + ".pca"), actual);
        });
    }

    /** Rows less the mean have the total variance, scores the part on each axis. */
    @Test
    void pca_everySet_explainsScikitLearnsShareOfVariance() throws IOException {
        forEachSet((set, facts, arrays) -> {
            FeatureMatrix features = arrays.get(set + ".features").features();
            double total =
                    Arrays.stream(CentredRows.of(features).squaredLengths()).sum();
            Points points = new PcaFusion().fuse(features, RoundContext.first());
            for (int axis = 0; axis < 2; axis++) {
                double square = 0;
                for (int i = 0; i < points.size(); i++) {
                    square += points.get(i, axis) * points.get(i, axis);
                }
                double expected = facts.getAsJsonArray("pca_explained_variance_ratio")
                        .get(axis)
                        .getAsDouble();
                assertEquals(expected, square / total, 1e-9, set + " axis " + axis);
            }
        });
    }

    @Test
    void kernelPca_everySetAndKernel_matchesScikitLearnUpToSign() throws IOException {
        forEachSet((set, facts, arrays) -> {
            FeatureMatrix features = arrays.get(set + ".features").features();
            double gamma = facts.get("rbf_gamma").getAsDouble();
            assertEquals(gamma, 1.0 / features.columns(), 1e-15, "the golden gamma is our default");
            Map<String, KernelPcaFusion> kernels = Map.of(
                    "linear",
                    KernelPcaFusion.linear(2),
                    "rbf",
                    KernelPcaFusion.rbf(2, gamma),
                    "cosine",
                    KernelPcaFusion.cosine(2));
            kernels.forEach((kernel, fusion) -> {
                String name = set + ".kernel_pca_" + kernel;
                assertColumns(name, arrays.get(name), fusion.fuse(features, RoundContext.first()));
            });
        });
    }

    @Test
    void tsneAffinities_everySet_matchScikitLearn() throws IOException {
        forEachSet((set, facts, arrays) -> {
            double[] expected = arrays.get(set + ".tsne_p").values();
            double[] actual = TSNE.affinities(arrays.get(set + ".features").features());
            assertEquals(expected.length, actual.length, set);
            double largest = 0;
            for (int i = 0; i < expected.length; i++) {
                largest = Math.max(largest, Math.abs(expected[i] - actual[i]));
            }
            assertTrue(largest <= AFFINITY, set + " differs by " + largest);
        });
    }

    /** Seen: real 0.194 of 0.189, blobs 0.00359 of 0.00359, small 0.2259 of 0.2256; trustworthiness 0.953 of 0.957. */
    @Test
    void tsne_fiveNoisyRunsOfEverySet_reachScikitLearnsDivergenceAndTrustworthiness() throws IOException {
        forEachSet((set, facts, arrays) -> {
            GoldenArrays.Array features = arrays.get(set + ".features");
            double[] divergences = new double[5];
            double[] trust = new double[5];
            for (int run = 0; run < 5; run++) {
                FeatureMatrix noisy = noisy(features, run);
                Points points = TSNE.fuse(noisy, RoundContext.first());
                divergences[run] = TSNE.divergence(noisy, points);
                trust[run] = points.size() > 12 ? Trustworthiness.of(features.features(), points, 5) : 1;
            }
            double wanted = facts.get("tsne_kl").getAsDouble();
            double divergence = median(divergences);
            assertTrue(divergence <= 1.10 * wanted, set + " has divergence " + divergence + ", wanted " + wanted);
            JsonElement trusted = facts.get("tsne_trustworthiness");
            if (!trusted.isJsonNull()) {
                assertTrue(
                        median(trust) >= trusted.getAsDouble() - 0.01, set + " has trustworthiness " + median(trust));
            }
        });
    }

    private static void assertColumns(String name, GoldenArrays.Array expected, Points actual) {
        int n = expected.shape()[0];
        int k = expected.shape()[1];
        assertEquals(n, actual.size(), name);
        assertEquals(k, actual.dimensions(), name);
        for (int c = 0; c < k; c++) {
            double largest = 0;
            double same = 0;
            double turned = 0;
            for (int i = 0; i < n; i++) {
                double e = expected.values()[i * k + c];
                largest = Math.max(largest, Math.abs(e));
                same = Math.max(same, Math.abs(e - actual.get(i, c)));
                turned = Math.max(turned, Math.abs(e + actual.get(i, c)));
            }
            double share = Math.min(same, turned) / largest;
            assertTrue(share <= COLUMN_SHARE, name + " column " + c + " differs by " + share);
        }
    }

    /** With normal noise of 1e-6 standard deviations of all values, as the golden runs have. */
    private static FeatureMatrix noisy(GoldenArrays.Array features, int seed) {
        double[] x = features.values();
        double mean = Arrays.stream(x).average().orElseThrow();
        double deviation = Math.sqrt(
                Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow());
        Random random = new Random(seed);
        double[] values = Arrays.stream(x)
                .map(v -> v + 1e-6 * deviation * random.nextGaussian())
                .toArray();
        return new GoldenArrays.Array(features.shape(), values).features();
    }

    private static double median(double[] values) {
        return Arrays.stream(values).sorted().toArray()[values.length / 2];
    }
}
