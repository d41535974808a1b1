package io.github.fedhds.transformer;

/**
 * How each next token is chosen: greedily, or at random among the likeliest. Immutable.
 *
 * <p>A token's probability is the softmax of its logit over the temperature, in double. Tokens are ordered by falling
 * probability, equal ones by id; top-p keeps the smallest number of them, at least one, that reach it together. One of
 * these is drawn in proportion to its probability. Equal seeds give equal texts: a text's random numbers depend only on
 * the seed and its index in the list of prompts, not on other prompts or batches. (Another batch size can change the
 * last bits of a logit, which matters only if a random number falls on the border of two tokens.)
 *
 * @param temperature 0 for greedy, which takes the most likely token, the first among equals; else finite: 1 keeps the
 *     model's probabilities, below 1 sharpens them
 * @param topP share of the probability that is kept, above 0, at most 1; 1 keeps every token
 * @param seed seed of the random numbers
 * @see <a href="https://arxiv.org/abs/1904.09751">Holtzman et al. 2020, section 3.1</a>
 */
public record Sampling(double temperature, double topP, long seed) {
    public Sampling {
        if (!(temperature >= 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException(
                    "temperature must be finite and above 0, or 0 for greedy, was " + temperature);
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("topP must be above 0 and at most 1, was " + topP);
        }
    }

    /** The most likely token at each position. */
    public static Sampling greedy() {
        return new Sampling(0, 1, 0);
    }

    /** The model's own probabilities: temperature 1, all tokens. */
    public static Sampling seeded(long seed) {
        return new Sampling(1, 1, seed);
    }

    /** The same with another temperature. */
    public Sampling withTemperature(double newTemperature) {
        return new Sampling(newTemperature, topP, seed);
    }

    /** The same with another top-p. */
    public Sampling withTopP(double newTopP) {
        return new Sampling(temperature, newTopP, seed);
    }
}
