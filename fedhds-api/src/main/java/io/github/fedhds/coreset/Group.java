package io.github.fedhds.coreset;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A group of similar candidates. A group that the server chooses is represented by its first {@code take} members.
 *
 * @param id number of the group in its coreset, from 0
 * @param centre coordinates of its centre; empty if the selector used no points. A client then sends the mean of the
 *     members' points, and computes features and fusion for it unless the selector already did
 * @param members indices of the candidates in it, the most representative first; at least one, no duplicates
 * @param take number of members that represent the group, counted from the first; 1 or more
 */
public record Group(int id, Optional<double[]> centre, int[] members, int take) {
    /** No centre, where arrays are compared; a centre has at least one coordinate. */
    private static final double[] NONE = {};

    public Group {
        Objects.requireNonNull(centre, "centre");
        Objects.requireNonNull(members, "members");
        if (centre.isPresent() && centre.get().length == 0) {
            throw new IllegalArgumentException(
                    "centre of group " + id + " has no coordinate; leave a centre out, or give 1 or more");
        }
        if (id < 0) {
            throw new IllegalArgumentException("a group's id must be 0 or more, was " + id);
        }
        if (members.length == 0) {
            throw new IllegalArgumentException("group " + id + " has no member; leave an empty group out");
        }
        if (take < 1 || take > members.length) {
            throw new IllegalArgumentException(
                    "group " + id + " has " + members.length + " members, so take must be 1 to that, was " + take);
        }
        Set<Integer> seen = new HashSet<>();
        for (int member : members) {
            if (member < 0 || !seen.add(member)) {
                throw new IllegalArgumentException(
                        "group " + id + " names candidate " + member + (member < 0 ? ", which is below 0" : " twice"));
            }
        }
        for (double c : centre.orElse(NONE)) {
            if (!Double.isFinite(c)) {
                throw new IllegalArgumentException(
                        "centre of group " + id + " must be finite, was " + Arrays.toString(centre.orElse(NONE)));
            }
        }
        centre = centre.map(double[]::clone);
        members = members.clone();
    }

    /** A group with a centre. */
    public Group(int id, double[] centre, int[] members, int take) {
        this(id, Optional.of(centre), members, take);
    }

    /** A group with a centre, represented by its first member. */
    public Group(int id, double[] centre, int[] members) {
        this(id, centre, members, 1);
    }

    /** A group without a centre, of a selector that used no points. */
    public Group(int id, int[] members, int take) {
        this(id, Optional.empty(), members, take);
    }

    @Override
    public Optional<double[]> centre() {
        return centre.map(double[]::clone);
    }

    @Override
    public int[] members() {
        return members.clone();
    }

    /** The members that represent the group: the first {@link #take}. */
    public int[] representatives() {
        return Arrays.copyOf(members, take);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Group that
                && id == that.id
                && take == that.take
                && Arrays.equals(centre.orElse(NONE), that.centre.orElse(NONE))
                && Arrays.equals(members, that.members);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * id + Arrays.hashCode(centre.orElse(NONE))) + Arrays.hashCode(members);
    }

    @Override
    public String toString() {
        return "Group[" + id + ", centre " + centre.map(Arrays::toString).orElse("none") + ", members "
                + Arrays.toString(members) + ", take " + take + "]";
    }
}
