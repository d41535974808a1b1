package io.github.fedhds.reduction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import org.junit.jupiter.api.Test;

/** The polynomial kernel; the others are in FusionTest and FusionGoldenTest. */
class PolynomialKernelTest {
    /** Rows whose numbers are multiples of 1/4, all moved by {@code shift}. */
    private static FeatureMatrix rows(int shift) {
        float[] values = new float[28];
        for (int i = 0; i < 7; i++) {
            for (int c = 0; c < 4; c++) {
                values[i * 4 + c] = ((i * i * 5 + c * c * 3 + i * c * 7) % 11 - 4) / 4f + shift;
            }
        }
        return new FeatureMatrix(7, 1, 4, values);
    }

    private static void assertAxes(KernelPcaFusion fusion, int shift, double[] first, double[] second) {
        Points points = fusion.fuse(rows(shift), RoundContext.first());
        double[][] axes = {first, second};
        for (int a = 0; a < 2; a++) {
            for (int i = 0; i < 7; i++) {
                assertEquals(axes[a][i], points.get(i, a), 1e-10 * Math.abs(first[1]), "row " + i + " axis " + a);
            }
        }
    }

    /**
     * Values of scikit-learn 1.9; the sign is ours:
     *
     * <pre>
     * i, c = np.indices((7, 4))
     * x = ((i * i * 5 + c * c * 3 + i * c * 7) % 11 - 4) / 4
     * for shift in (0, 8):
     *     for o in ({}, dict(gamma=0.5, coef0=0, degree=2), dict(gamma=0.1, coef0=2, degree=5)):
     *         y = KernelPCA(2, kernel="poly", eigen_solver="dense", **o).fit_transform(x + shift)
     *         y *= np.sign(y[abs(y).argmax(0), [0, 1]])
     *         print(shift, o, y.T.tolist())
     * </pre>
     */
    @Test
    void polynomial_everySetting_matchesScikitLearn() {
        assertAxes(
                KernelPcaFusion.polynomial(2),
                0,
                new double[] {
                    -1.00459235585,
                    1.45912214013,
                    0.0857328136419,
                    -1.11355149699,
                    -0.259087730356,
                    1.43585565472,
                    -0.603479025295
                },
                new double[] {
                    -0.516401174518,
                    -1.03588940513,
                    1.41312371187,
                    -0.327287475503,
                    -0.128258703892,
                    0.408358944139,
                    0.186354103029
                });
        assertAxes(
                KernelPcaFusion.polynomial(2, 0.5, 0, 2),
                0,
                new double[] {
                    -0.452249983406,
                    1.02880728269,
                    -0.800160176811,
                    0.0465227752624,
                    -0.243312733991,
                    0.479241129562,
                    -0.0588482933031
                },
                new double[] {
                    0.00423172249124,
                    -0.705770693236,
                    -0.200832659579,
                    -0.0447904846264,
                    -0.0287360369981,
                    1.1519263851,
                    -0.176028233151
                });
        assertAxes(
                KernelPcaFusion.polynomial(2, 0.1, 2, 5),
                0,
                new double[] {
                    -3.21262830138,
                    4.14364450513,
                    1.08919123299,
                    -3.70451679834,
                    -0.633147997684,
                    4.19056095221,
                    -1.87310359292
                },
                new double[] {
                    -1.73284608825,
                    -2.79104651178,
                    4.35598076782,
                    -0.556049122107,
                    -0.4633185897,
                    0.185411497311,
                    1.00186804672
                });
        assertAxes(
                KernelPcaFusion.polynomial(2),
                8,
                new double[] {
                    -93.3654976981,
                    139.097351801,
                    29.2811235793,
                    -114.724850596,
                    -37.2707401477,
                    130.118369122,
                    -53.1357560605
                },
                new double[] {
                    -35.8854402421,
                    -55.5969127244,
                    81.1869374034,
                    -7.84904087434,
                    -15.9284263926,
                    12.6710419107,
                    21.4018409193
                });
        assertAxes(
                KernelPcaFusion.polynomial(2, 0.5, 0, 2),
                8,
                new double[] {
                    -15.9326713633,
                    22.3284412539,
                    5.85445790768,
                    -19.5388266627,
                    -5.16432860489,
                    21.4361226632,
                    -8.98319519394
                },
                new double[] {
                    -7.3143925931,
                    -10.5037330305,
                    16.1741482047,
                    -1.27771055411,
                    -2.78783379156,
                    1.15817180574,
                    4.55134995886
                });
        assertAxes(
                KernelPcaFusion.polynomial(2, 0.1, 2, 5),
                8,
                new double[] {
                    -1107.11020275,
                    1765.0394795,
                    268.178180649,
                    -1342.60469272,
                    -532.307716005,
                    1605.61462254,
                    -656.809671212
                },
                new double[] {
                    -320.450923369,
                    -621.298033136,
                    757.177530246,
                    -86.5364136463,
                    -193.783639913,
                    276.159992494,
                    188.731487326
                });
    }

    @Test
    void polynomial_defaults_areGammaByColumnsCoefOneDegreeThree() {
        assertEquals(
                KernelPcaFusion.polynomial(2, 0.25, 1, 3).fuse(rows(1), RoundContext.first()),
                KernelPcaFusion.polynomial(2).fuse(rows(1), RoundContext.first()));
    }

    @Test
    void polynomial_degreeOne_isPcaScaledByTheRootOfGamma() {
        Points pca = new PcaFusion(3).fuse(rows(2), RoundContext.first());
        double[] scaled = KernelPcaFusion.polynomial(3, 4, 5, 1)
                .fuse(rows(2), RoundContext.first())
                .toArray();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] /= 2;
        }
        assertArrayEquals(pca.toArray(), scaled, 1e-12);
    }

    @Test
    void polynomial_settings_areChecked() {
        assertThrows(IllegalArgumentException.class, () -> KernelPcaFusion.polynomial(0));
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> KernelPcaFusion.polynomial(2, bad, 1, 3));
        }
        for (double bad : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> KernelPcaFusion.polynomial(2, 1, bad, 3));
        }
        assertThrows(IllegalArgumentException.class, () -> KernelPcaFusion.polynomial(2, 1, 0, 0));
    }

    @Test
    void polynomial_kernelTooLarge_namesTheRowsAndTheWayOut() {
        FeatureMatrix huge = new FeatureMatrix(2, 1, 1, new float[] {1e38f, 2e38f});
        var error = assertThrows(
                IllegalArgumentException.class,
                () -> KernelPcaFusion.polynomial(1, 1, 1, 9).fuse(huge, RoundContext.first()));
        assertTrue(String.valueOf(error.getMessage()).contains("smaller gamma or degree"), error.getMessage());
    }
}
