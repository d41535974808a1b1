package io.github.fedhds.coreset;

import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The candidates of a selector: on a client its instructions, on the server the centroids of all clients. Points and scores
 * are computed on the first call, so a selector that needs none costs no pass through the model. Safe for many threads.
 */
public final class Candidates {
    private final int size;
    private final long[] samples;
    private final int dimensions;
    private final Supplier<Points> pointSource;
    private final @Nullable List<Instruction> instructions;
    private final Function<SampleScore, double[]> scoreSource;
    private final Map<SampleScore, double[]> scores = new HashMap<>();
    private final Points earlier;
    private final int[] owners;
    private @Nullable Points points;

    private Candidates(
            int size,
            long[] samples,
            int[] owners,
            int dimensions,
            Supplier<Points> pointSource,
            @Nullable List<Instruction> instructions,
            Function<SampleScore, double[]> scoreSource,
            Points earlier) {
        this.earlier = earlier;
        this.owners = owners;
        this.size = size;
        this.samples = samples;
        this.dimensions = dimensions;
        this.pointSource = pointSource;
        this.instructions = instructions;
        this.scoreSource = scoreSource;
    }

    /** Candidates with points but without instructions; each counts as one sample. */
    public static Candidates of(Points points) {
        Objects.requireNonNull(points, "points");
        return of(points, points.size());
    }

    /**
     * Candidates with points but without instructions, as on the server.
     *
     * @param samples number of samples that they represent, 0 or more; see {@link #samples}
     */
    public static Candidates of(Points points, long samples) {
        Objects.requireNonNull(points, "points");
        return of(points, samples, none(points.dimensions()));
    }

    /**
     * The same on a server that remembers what it has chosen.
     *
     * @param earlier see {@link #earlier}; as many coordinates as the points
     */
    public static Candidates of(Points points, long samples, Points earlier) {
        Objects.requireNonNull(points, "points");
        return of(points, new long[] {samples}, new int[points.size()], earlier);
    }

    /**
     * The centroids of several clients, in the order of the clients.
     *
     * @param points the centroids of each client, all with the same number of coordinates; a client may have none
     * @param samples number of instructions of each client, 0 if unknown
     * @param earlier see {@link #earlier}; as many coordinates as the points, unless there are none
     */
    public static Candidates ofClients(List<Points> points, long[] samples, Points earlier) {
        Objects.requireNonNull(points, "points");
        if (points.size() != samples.length) {
            throw new IllegalArgumentException("there are the points of " + points.size()
                    + " clients and the numbers of samples of " + samples.length + "; there must be one each");
        }
        List<double[]> all = new ArrayList<>();
        List<Integer> owners = new ArrayList<>();
        for (int client = 0; client < points.size(); client++) {
            for (int i = 0; i < points.get(client).size(); i++) {
                all.add(points.get(client).point(i));
                owners.add(client);
            }
        }
        Points together = Points.of(all);
        return of(
                together,
                samples,
                owners.stream().mapToInt(Integer::intValue).toArray(),
                earlier.size() == 0 ? none(together.dimensions()) : earlier);
    }

    private static Candidates of(Points points, long[] samples, int[] owners, Points earlier) {
        Objects.requireNonNull(earlier, "earlier");
        if (earlier.dimensions() != points.dimensions()) {
            throw new IllegalArgumentException("the points of earlier rounds have " + earlier.dimensions()
                    + " coordinates, those of this round " + points.dimensions()
                    + "; a server that remembers its choice needs one frame for all rounds");
        }
        for (long one : samples) {
            if (one < 0) {
                throw new IllegalArgumentException("samples must be 0 or more, was " + one);
            }
        }
        Function<SampleScore, double[]> noScores = score -> {
            throw new IllegalStateException(score + " needs instructions, and these candidates are points alone"
                    + " (the server holds centroids); use a selector of points here");
        };
        return new Candidates(
                points.size(), samples.clone(), owners, points.dimensions(), () -> points, null, noScores, earlier);
    }

    private static Points none(int dimensions) {
        return new Points(0, dimensions, new double[0]);
    }

    /**
     * A client's instructions.
     *
     * @param instructions the instructions
     * @param dimensions coordinates of a point, 1 or more
     * @param pointSource returns one point per instruction, in their order; called at most once
     * @param scoreSource returns one score per instruction, in their order; called at most once per kind
     */
    public static Candidates of(
            List<Instruction> instructions,
            int dimensions,
            Supplier<Points> pointSource,
            Function<SampleScore, double[]> scoreSource) {
        Objects.requireNonNull(instructions, "instructions");
        Objects.requireNonNull(pointSource, "pointSource");
        Objects.requireNonNull(scoreSource, "scoreSource");
        if (dimensions < 1) {
            throw new IllegalArgumentException("dimensions must be 1 or more, was " + dimensions);
        }
        List<Instruction> copy = List.copyOf(instructions);
        return new Candidates(
                copy.size(),
                new long[] {copy.size()},
                new int[copy.size()],
                dimensions,
                pointSource,
                copy,
                scoreSource,
                none(dimensions));
    }

    /** Number of candidates. */
    public int size() {
        return size;
    }

    /**
     * Number of samples that the candidates represent: on a client its instructions; on the server the instructions of all
     * clients that have reported, as far as their reports give a number.
     */
    public long samples() {
        return LongStream.of(samples).sum();
    }

    /** Number of clients that the candidates come from, 1 or more; 1 on a client. */
    public int clients() {
        return samples.length;
    }

    /** The client of each candidate, counted from 0. */
    public int[] owners() {
        return owners.clone();
    }

    /**
     * Number of samples of a client; 0 if it is not known.
     *
     * @param client counted from 0
     */
    public long samplesOf(int client) {
        return samples[client];
    }

    /** Number of coordinates of a point; does not compute the points. */
    public int dimensions() {
        return dimensions;
    }

    /** The points, {@code [n, d]}. */
    public synchronized Points points() {
        if (points == null) {
            Points made = pointSource.get();
            if (made.size() != size) {
                throw new IllegalStateException("the fusion gave " + made.size() + " points for " + size
                        + " candidates; it must give one each");
            }
            if (made.dimensions() != dimensions) {
                throw new IllegalStateException("the fusion gave points of " + made.dimensions()
                        + " coordinates, its Fusion.dimensions says " + dimensions);
            }
            points = made;
        }
        return points;
    }

    /** The points, if a call of {@link #points} has computed them. */
    public synchronized Optional<Points> computedPoints() {
        return Optional.ofNullable(points);
    }

    /**
     * The points that were chosen in earlier rounds of the run and whose clients have trained on them, in the order of the
     * rounds, {@code [m, d]}. No points on a client, and on a server that does not remember its choice.
     */
    public Points earlier() {
        return earlier;
    }

    /**
     * The instructions.
     *
     * @throws IllegalStateException on the server, which holds no instructions
     */
    public List<Instruction> instructions() {
        if (instructions == null) {
            throw new IllegalStateException("these candidates are points alone (the server holds centroids);"
                    + " use a selector of points here");
        }
        return instructions;
    }

    /** One score per candidate, in their order. */
    public synchronized double[] scores(SampleScore kind) {
        double[] made = scores.get(kind);
        if (made == null) {
            made = scoreSource.apply(kind).clone();
            if (made.length != size) {
                throw new IllegalStateException(
                        "the model gave " + made.length + " scores for " + size + " candidates; it must give one each");
            }
            scores.put(kind, made);
        }
        return made.clone();
    }
}
