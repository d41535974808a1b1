package io.github.fedhds.examples.paper;

/**
 * The settings in which the runs of an experiment differ.
 *
 * @param minClusterSize smallest cluster of a client
 * @param samplesPerGroup samples of each chosen group
 * @param share share of the instructions of a round's clients that is chosen; 0: as many as the choice itself finds, or
 *     as FedHDS with the same seed
 * @param noise standard deviation of Gaussian noise on the centroids, as a multiple of their root mean square distance
 *     from their mean
 * @param fraction share of the clients in a round
 * @param partition how instructions are dealt to clients: {@code task}, or {@code dirichlet:} and a number
 */
record Arm(
        Choice choice,
        Reduction reduction,
        int minClusterSize,
        int samplesPerGroup,
        double share,
        double noise,
        double fraction,
        String partition) {
    Arm withChoice(Choice other) {
        return new Arm(other, reduction, minClusterSize, samplesPerGroup, share, noise, fraction, partition);
    }

    Arm withReduction(Reduction other) {
        return new Arm(choice, other, minClusterSize, samplesPerGroup, share, noise, fraction, partition);
    }

    Arm withMinClusterSize(int other) {
        return new Arm(choice, reduction, other, samplesPerGroup, share, noise, fraction, partition);
    }

    Arm withSamplesPerGroup(int other) {
        return new Arm(choice, reduction, minClusterSize, other, share, noise, fraction, partition);
    }

    Arm withShare(double other) {
        return new Arm(choice, reduction, minClusterSize, samplesPerGroup, other, noise, fraction, partition);
    }

    Arm withNoise(double other) {
        return new Arm(choice, reduction, minClusterSize, samplesPerGroup, share, other, fraction, partition);
    }

    Arm withFraction(double other) {
        return new Arm(choice, reduction, minClusterSize, samplesPerGroup, share, noise, other, partition);
    }

    Arm withPartition(String other) {
        return new Arm(choice, reduction, minClusterSize, samplesPerGroup, share, noise, fraction, other);
    }

    /** Whether this run needs another one first, whose number of samples it takes. */
    boolean followsFedHds() {
        return choice.followsFedHds() && share == 0;
    }
}
