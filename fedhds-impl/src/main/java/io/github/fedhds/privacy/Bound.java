package io.github.fedhds.privacy;

/**
 * Keeps points within a ball, so that the noise that hides a point is finite.
 *
 * @param kind how
 * @param size for {@link Kind#CLIP} the radius; for {@link Kind#TANH} the length that a coordinate is divided by first. In units
 *     of the coordinates, above 0
 */
public record Bound(Kind kind, double size) {
    /** How a point is bounded. */
    public enum Kind {
        /** A point outside the ball is moved to its surface, in the direction of the origin. */
        CLIP,
        /** The hyperbolic tangent of each coordinate, so that each is between -1 and 1. */
        TANH
    }

    public Bound {
        if (!(size > 0 && size < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the size of a bound must be above 0 and finite, was " + size);
        }
    }

    /** A ball of this radius. */
    public static Bound clip(double radius) {
        return new Bound(Kind.CLIP, radius);
    }

    /** The paper's; without a scale, coordinates of t-SNE are nearly all at -1 or 1. */
    public static Bound tanh(double scale) {
        return new Bound(Kind.TANH, scale);
    }

    /** Greatest distance from the origin of a bounded point of so many coordinates. */
    public double radius(int dimensions) {
        return kind == Kind.CLIP ? size : Math.sqrt(dimensions);
    }

    /** The bounded point; the given array is not changed. */
    double[] of(double[] point) {
        double[] bounded = point.clone();
        double factor = 1;
        if (kind == Kind.CLIP) {
            double most = 0;
            for (double x : point) {
                most = Math.max(most, Math.abs(x));
            }
            double sum = 0;
            for (double x : point) {
                sum += most == 0 ? 0 : (x / most) * (x / most); // huge coordinates must not overflow
            }
            double norm = most * Math.sqrt(sum);
            factor = norm > size ? size / norm : 1;
            if (Double.isInfinite(norm)) {
                factor = size / Math.sqrt(sum) / most;
            }
        }
        for (int i = 0; i < bounded.length; i++) {
            bounded[i] = kind == Kind.CLIP ? bounded[i] * factor : Math.tanh(bounded[i] / size);
        }
        return bounded;
    }
}
