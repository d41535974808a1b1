package io.github.fedhds.message;

import java.util.Arrays;
import java.util.Objects;

/**
 * Centre of one client group.
 *
 * @param group the group's id on its client
 * @param point finite coordinates, as many as the round's frame has axes; without a frame, as many as the fusion has dimensions
 */
public record Centroid(int group, double[] point) {
    public Centroid {
        Objects.requireNonNull(point, "point");
        if (group < 0) {
            throw new IllegalArgumentException("group must be 0 or more, was " + group);
        }
        point = point.clone();
    }

    @Override
    public double[] point() {
        return point.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Centroid that && group == that.group && Arrays.equals(point, that.point);
    }

    @Override
    public int hashCode() {
        return 31 * group + Arrays.hashCode(point);
    }

    @Override
    public String toString() {
        return "Centroid[" + group + ", " + Arrays.toString(point) + "]";
    }
}
