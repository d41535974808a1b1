package io.github.fedhds.privacy;

/**
 * What may be spent over all releases of a client: they are (epsilon, delta) differentially private together.
 *
 * @param epsilon above 0 and finite
 * @param delta above 0 and below 1; choose it far below one divided by the number of clients
 */
public record PrivacyBudget(double epsilon, double delta) {
    public PrivacyBudget {
        GaussianPrivacy.checkEpsilon(epsilon);
        GaussianPrivacy.checkDelta(delta);
    }

    /**
     * The standard deviation of the noise with which so many releases spend the whole budget.
     *
     * @param sensitivity greatest distance between two exact releases, above 0
     * @param releases 1 or more
     */
    public double noise(double sensitivity, int releases) {
        if (!(sensitivity > 0 && sensitivity < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("sensitivity must be above 0 and finite, was " + sensitivity);
        }
        if (releases < 1) {
            throw new IllegalArgumentException("releases must be 1 or more, was " + releases);
        }
        return sensitivity * Math.sqrt(releases) / GaussianPrivacy.mu(epsilon, delta);
    }
}
