package io.github.fedhds.privacy;

import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.release.ReportRelease;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Gaussian noise on a client's centroids. Each is bounded, noise of one standard deviation is added to every coordinate, and the
 * result is rounded to a grid of at most a thousandth of it, so that the low bits of a number tell nothing.
 *
 * <p>A report always has the same number of centroids: a client with fewer groups sends each several times, with other noise; of a
 * client with more, those after the number are left out. The number of instructions is replaced by a public one.
 *
 * <p>What is promised: the whole report is one record, because groups, their number and their means depend on all instructions of a
 * client. Two reports differ by at most {@link #sensitivity}, so {@link #mu} is what a {@link PrivacyLedger} counts. A selection that
 * remembers chosen points, and a mean in a shared frame, which tells more than a t-SNE coordinate, make no difference: both are
 * computed from the released report. Immutable, safe for many threads.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">FedHDS, section on privacy</a>
 */
public final class CentroidNoise {
    private final int centroids;
    private final Bound bound;
    private final double deviation;
    private final int samples;

    private CentroidNoise(int centroids, Bound bound, double deviation, int samples) {
        this.centroids = centroids;
        this.bound = bound;
        this.deviation = deviation;
        this.samples = samples;
    }

    /**
     * Noise of a standard deviation.
     *
     * @param centroids centroids of each report, 1 or more
     * @param bound of each centroid
     * @param deviation standard deviation of each coordinate's noise, above 0, in units of the bounded coordinates
     */
    public static CentroidNoise of(int centroids, Bound bound, double deviation) {
        if (centroids < 1) {
            throw new IllegalArgumentException("centroids of a report must be 1 or more, was " + centroids
                    + "; without a fixed number, the number of a client's groups would tell of its data");
        }
        Objects.requireNonNull(bound, "bound");
        if (!(deviation > 0 && deviation < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("deviation of the noise must be above 0 and finite, was " + deviation);
        }
        return new CentroidNoise(centroids, bound, deviation, 0);
    }

    /**
     * The noise with which so many reports spend a whole budget.
     *
     * @param dimensions coordinates of a centroid: those of the selection's frame, or of the fusion without one
     * @param reports rounds in which a client takes part at most, 1 or more
     */
    public static CentroidNoise spending(
            PrivacyBudget budget, int centroids, Bound bound, int dimensions, int reports) {
        CentroidNoise one = of(centroids, bound, 1);
        return of(centroids, bound, budget.noise(one.sensitivity(dimensions), reports));
    }

    /**
     * This noise with a public number of instructions that every report names, for a server that chooses a share of them; 0, the
     * default, names none. The real number does not leave the client.
     */
    public CentroidNoise publicSamples(int publicSamples) {
        if (publicSamples < 0) {
            throw new IllegalArgumentException("publicSamples must be 0 or more, was " + publicSamples);
        }
        return new CentroidNoise(centroids, bound, deviation, publicSamples);
    }

    /** Standard deviation of each coordinate's noise. */
    public double deviation() {
        return deviation;
    }

    /** Greatest distance between two bounded reports, all coordinates of all centroids taken as one vector. */
    public double sensitivity(int dimensions) {
        return 2 * bound.radius(dimensions) * Math.sqrt(centroids);
    }

    /** Sensitivity by standard deviation, see {@link GaussianPrivacy}. */
    public double mu(int dimensions) {
        return sensitivity(dimensions) / deviation;
    }

    /** The role for a client; each client has its own ledger. */
    public ReportRelease with(PrivacyLedger ledger) {
        return with(ledger, new BoundWatch());
    }

    /** The same, with a count of the centroids that the bound shortens. */
    public ReportRelease with(PrivacyLedger ledger, BoundWatch watch) {
        Objects.requireNonNull(ledger, "ledger");
        Objects.requireNonNull(watch, "watch");
        return (exact, dimensions, round) -> {
            String name =
                    "report of client " + exact.client() + " in round " + exact.round() + " of run " + exact.runId()
                            + " to opening "
                            + exact.openingDigest();
            return report(exact, dimensions, ledger.release(name, mu(dimensions), source -> {
                exact.centroids().forEach(centroid -> watch.centroid(centroid.point(), bound));
                return noised(exact, dimensions, source);
            }));
        };
    }

    private CentroidReport report(CentroidReport exact, int dimensions, byte[] released) {
        int expected = Double.BYTES * centroids * dimensions;
        if (released.length != expected) {
            throw new IllegalStateException("the ledger has " + released.length + " bytes for this report of "
                    + expected + "; the number of centroids or coordinates was changed during the round");
        }
        DoubleBuffer values = ByteBuffer.wrap(released).asDoubleBuffer();
        List<Centroid> all = new ArrayList<>();
        for (int group = 0; group < centroids; group++) {
            double[] point = new double[dimensions];
            values.get(point);
            all.add(new Centroid(group, point));
        }
        return new CentroidReport(exact.runId(), exact.round(), exact.client(), all, samples, exact.openingDigest());
    }

    private byte[] noised(CentroidReport exact, int dimensions, NoiseSource source) {
        ByteBuffer bytes = ByteBuffer.allocate(Double.BYTES * centroids * dimensions);
        List<Centroid> groups = exact.centroids();
        Grid grid = Grid.of(deviation);
        double[] noise = new double[dimensions];
        for (int i = 0; i < centroids; i++) {
            double[] point = groups.isEmpty()
                    ? new double[dimensions]
                    : bound.of(groups.get(i % groups.size()).point());
            source.fill(noise);
            for (int axis = 0; axis < dimensions; axis++) {
                bytes.putDouble(grid.round(point[axis] + deviation * noise[axis]));
            }
        }
        return bytes.array();
    }

    /** Names what both sides must have set alike. */
    @Override
    public String toString() {
        return "CentroidNoise[" + centroids + " centroids, " + bound + ", deviation " + deviation + ", " + samples
                + " public samples]";
    }
}
