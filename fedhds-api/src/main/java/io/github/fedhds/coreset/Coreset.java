package io.github.fedhds.coreset;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Groups of candidates, in id order from 0. A candidate is in at most one group; a candidate in no group is noise. There may be
 * no group at all.
 */
public record Coreset(List<Group> groups) {
    public Coreset {
        Objects.requireNonNull(groups, "groups");
        groups = List.copyOf(groups);
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < groups.size(); i++) {
            if (groups.get(i).id() != i) {
                throw new IllegalArgumentException("groups are numbered from 0 in order; place " + i + " holds group "
                        + groups.get(i).id());
            }
            for (int member : groups.get(i).members()) {
                if (!seen.add(member)) {
                    throw new IllegalArgumentException("candidate " + member + " is in two groups, the second is " + i
                            + "; one at most is allowed");
                }
            }
        }
    }

    /** A coreset without groups. */
    public static Coreset empty() {
        return new Coreset(List.of());
    }

    /** The group with this id, if there is one. */
    public Optional<Group> group(int id) {
        return id >= 0 && id < groups.size() ? Optional.of(groups.get(id)) : Optional.empty();
    }
}
