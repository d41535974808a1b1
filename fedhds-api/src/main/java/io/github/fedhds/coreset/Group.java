package io.github.fedhds.coreset;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * Alike candidates.
 *
 * @param id number of the group in its coreset, from 0
 * @param centre coordinates of its centre
 * @param members indices of the candidates in it, the most telling first; at least one, none twice
 * @param take how many of the members, from the first, stand for the group when it is chosen; 1 or more
 */
public record Group(int id, double[] centre, int[] members, int take) {
    public Group {
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
        for (double c : centre) {
            if (!Double.isFinite(c)) {
                throw new IllegalArgumentException(
                        "centre of group " + id + " must be finite, was " + Arrays.toString(centre));
            }
        }
        centre = centre.clone();
        members = members.clone();
    }

    /** A group that its first member stands for. */
    public Group(int id, double[] centre, int[] members) {
        this(id, centre, members, 1);
    }

    @Override
    public double[] centre() {
        return centre.clone();
    }

    @Override
    public int[] members() {
        return members.clone();
    }

    /** The members that stand for the group: the first {@link #take}. */
    public int[] representatives() {
        return Arrays.copyOf(members, take);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Group that
                && id == that.id
                && take == that.take
                && Arrays.equals(centre, that.centre)
                && Arrays.equals(members, that.members);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * id + Arrays.hashCode(centre)) + Arrays.hashCode(members);
    }

    @Override
    public String toString() {
        return "Group[" + id + ", centre " + Arrays.toString(centre) + ", members " + Arrays.toString(members)
                + ", take " + take + "]";
    }
}
