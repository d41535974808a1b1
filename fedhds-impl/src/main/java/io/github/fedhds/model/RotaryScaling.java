package io.github.fedhds.model;

import java.util.List;

/**
 * How the frequencies of a rotary embedding are lowered, so that a model can read longer texts than in its first
 * training. Computed in float32, as in transformers.
 */
public sealed interface RotaryScaling {
    /**
     * The scaled frequency.
     *
     * @param index index of the frequency, from 0
     * @param frequency unscaled frequency in radians per token, above 0
     */
    float scale(int index, float frequency);

    /** Unscaled frequencies. */
    record None() implements RotaryScaling {
        @Override
        public float scale(int index, float frequency) {
            return frequency;
        }
    }

    /**
     * Every frequency divided by one factor.
     *
     * @param factor finite and above 0
     * @see <a href="https://arxiv.org/abs/2306.15595">Position interpolation, section 2.3</a>
     */
    record Linear(double factor) implements RotaryScaling {
        public Linear {
            checkPositive("factor", factor);
        }

        @Override
        public float scale(int index, float frequency) {
            return frequency / (float) factor;
        }
    }

    /**
     * Each frequency divided by its own number, as GGUF files of Llama 3 have it.
     *
     * @param divisors one per frequency, finite and above 0
     */
    record Divisors(List<Float> divisors) implements RotaryScaling {
        public Divisors {
            divisors = List.copyOf(divisors);
            for (float divisor : divisors) {
                checkPositive("rope_freqs.weight", divisor);
            }
        }

        @Override
        public float scale(int index, float frequency) {
            return frequency / divisors.get(index);
        }
    }

    /**
     * Long wavelengths are multiplied by a factor, short ones are unchanged, with a smooth transition between.
     *
     * @param factor finite and above 0
     * @param lowFrequencyFactor wavelengths above {@code originalPositions / lowFrequencyFactor} are multiplied
     * @param highFrequencyFactor wavelengths below {@code originalPositions / highFrequencyFactor} are unchanged; above
     *     {@code lowFrequencyFactor}
     * @param originalPositions longest text of the first training, in tokens
     * @see <a href="https://arxiv.org/abs/2407.21783">The Llama 3 herd of models, and the code of Llama 3.1</a>
     */
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalPositions)
            implements RotaryScaling {
        public Llama3 {
            checkPositive("factor", factor);
            checkPositive("low_freq_factor", lowFrequencyFactor);
            checkPositive("high_freq_factor", highFrequencyFactor);
            if (!(highFrequencyFactor > lowFrequencyFactor)) {
                throw new IllegalArgumentException("high_freq_factor must be above low_freq_factor = "
                        + lowFrequencyFactor + ", was " + highFrequencyFactor);
            }
            if (originalPositions < 1) {
                throw new IllegalArgumentException(
                        "original_max_position_embeddings must be 1 or more, was " + originalPositions);
            }
        }

        @Override
        public float scale(int index, float frequency) {
            float wavelength = (float) (2 * Math.PI) / frequency;
            float stretched = frequency / (float) factor;
            if (wavelength > (float) (originalPositions / lowFrequencyFactor)) {
                return stretched;
            }
            if (wavelength < (float) (originalPositions / highFrequencyFactor)) {
                return frequency;
            }
            float kept = (originalPositions / wavelength - (float) lowFrequencyFactor)
                    / (float) (highFrequencyFactor - lowFrequencyFactor);
            return (1 - kept) * stretched + kept * frequency;
        }
    }

    private static void checkPositive(String key, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(key + " must be finite and above 0, was " + value);
        }
    }
}
