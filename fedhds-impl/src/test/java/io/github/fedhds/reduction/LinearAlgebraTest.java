package io.github.fedhds.reduction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The two backends of the reductions. */
class LinearAlgebraTest {
    private static <T> T with(String backend, Supplier<T> work) {
        System.setProperty("fedhds.algebra", backend);
        try {
            return work.get();
        } finally {
            System.clearProperty("fedhds.algebra");
        }
    }

    @Test
    void backend_isTorchUnlessAnotherIsChosen() {
        assertEquals("PyTorch (cpu)", PcaFusion.backend().replace("gpu", "cpu"));
        assertTrue(with("nd4j", PcaFusion::backend).startsWith("CPU ("));
        var error = assertThrows(IllegalArgumentException.class, () -> with("blas", PcaFusion::backend));
        assertTrue(String.valueOf(error.getMessage()).contains("torch or nd4j, was blas"), error.getMessage());
    }

    /** Axes of clearly different spread: 400 rows iterate, 60 do not; 500 x 40 and 400 x 2,500 use the other side. */
    @Test
    void reductions_ofBothBackends_areEqualUpToRounding() {
        for (int[] shape : new int[][] {{60, 30}, {400, 300}, {500, 40}, {400, 2500}}) {
            int n = shape[0];
            int d = shape[1];
            Random random = new Random(1);
            float[] values = new float[n * d];
            for (int at = 0; at < values.length; at++) {
                values[at] = (float) (5 + random.nextGaussian() * Math.pow(0.5, Math.min(12, at % d)));
            }
            FeatureMatrix features = new FeatureMatrix(n, 1, d, values);
            for (Fusion fusion : List.of(
                    new PcaFusion(3),
                    PcaFusion.randomised(3, 1),
                    KernelPcaFusion.cosine(3),
                    KernelPcaFusion.rbf(3),
                    KernelPcaFusion.polynomial(3))) {
                double[] torch = fusion.fuse(features, RoundContext.first()).toArray();
                double[] nd4j = with(
                        "nd4j",
                        () -> fusion.fuse(features, RoundContext.first()).toArray());
                double largest = 0;
                for (double value : nd4j) {
                    largest = Math.max(largest, Math.abs(value));
                }
                assertArrayEquals(nd4j, torch, 1e-4 * largest, fusion + " of " + n + " x " + d);
                assertArrayEquals(
                        torch, fusion.fuse(features, RoundContext.first()).toArray(), 0, fusion + " twice");
            }
        }
    }
}
