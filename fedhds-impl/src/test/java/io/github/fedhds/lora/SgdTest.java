package io.github.fedhds.lora;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SgdTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;

    static float[] gradient(int t) {
        return new float[] {0.1f * t, -1f / t, t % 2 == 0 ? 1 : -1};
    }

    /**
     * Torch 2.15 after five steps. The largest difference seen is 6e-8.
     *
     * <pre>
     * p = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
     * o = torch.optim.SGD([p], lr=0.1, momentum=..., dampening=..., weight_decay=..., nesterov=...)
     * for t in range(1, 6):
     *     p.grad = torch.tensor([0.1 * t, -1.0 / t, (-1.0) ** t])
     *     o.step()
     * </pre>
     */
    @ParameterizedTest
    @CsvSource({
        "0,   0,   0,   false, 0.8499999642, -1.7716667652, 0.6000000238",
        "0.9, 0,   0,   false, 0.6829690337, -1.2607065439, 0.7466100454",
        "0.9, 0.5, 0,   false, 0.8210089803, -1.4255982637, 0.8280600905",
        "0.9, 0,   0,   true,  0.5646721125, -1.1063024998, 0.8219489455",
        "0,   0,   0.2, false, 0.7578612566, -1.5920317173, 0.5481179953",
        "0.8, 0.3, 0.2, false, 0.6180639267, -1.1328798532, 0.6417391300",
        "0.9, 0,   0.2, true,  0.2780244648, -0.5798205137, 0.6281650662",
    })
    void step_fiveTimes_givesTorchsFigures(
            double momentum, double dampening, double decay, boolean nesterov, float a, float b, float c) {
        float[] values = {1, -2, 0.5f};
        Sgd sgd = new Sgd(3, momentum, dampening, decay, nesterov);
        for (int t = 1; t <= 5; t++) {
            sgd.step(values, gradient(t), 0.1);
        }
        assertArrayEquals(new float[] {a, b, c}, values, 5e-7f);
    }

    @Test
    void step_ofDefaults_goesAgainstTheGradient() {
        float[] values = {1, -2};
        Sgd sgd = new Sgd(2);
        sgd.step(values, new float[] {4, 0}, 0.25);
        sgd.step(values, new float[] {0, -4}, 0.5);
        assertArrayEquals(new float[] {0, 0}, values);
        new Sgd(0).step(new float[0], new float[0], 1);
    }

    /** As in torch. */
    @Test
    void step_dampeningWithoutMomentum_hasNoEffect() {
        float[] values = {1};
        Sgd sgd = new Sgd(1, 0, 0.9, 0, false);
        for (int t = 0; t < 3; t++) {
            sgd.step(values, new float[] {1}, 0.25);
        }
        assertEquals(0.25f, values[0]);
    }

    @Test
    void settings_outOfRange_areRefused() {
        for (double value : new double[] {-1e-9, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(VALUE, () -> new Sgd(1, value, 0, 0, false), "momentum and weight decay", "" + value);
            assertFails(VALUE, () -> new Sgd(1, 0, 0, value, false), "momentum and weight decay", "" + value);
        }
        assertFails(VALUE, () -> new Sgd(1, 0.9, Double.NaN, 0, false), "dampening must be finite, was NaN");
        assertFails(VALUE, () -> new Sgd(1, 0, 0, 0, true), "nesterov needs a momentum above 0", "was 0.0 and 0.0");
        assertFails(VALUE, () -> new Sgd(1, 0.9, 0.1, 0, true), "a dampening of 0, was 0.9 and 0.1");
        assertFails(VALUE, () -> new Sgd(-1), "parameters must be 0 or more, was -1");
    }

    @Test
    void step_withOtherLengths_isRefused() {
        Sgd sgd = new Sgd(2);
        assertFails(VALUE, () -> sgd.step(new float[3], new float[2], 1), "for 2 parameters, was given 3 and 2");
        assertFails(VALUE, () -> sgd.step(new float[2], new float[1], 1), "for 2 parameters, was given 2 and 1");
    }
}
