package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.internal.RoleName;
import io.github.fedhds.internal.RoleText;
import io.github.fedhds.round.RoundContext;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The selector inside another one; it may be the application's own and compiled without null checks. */
record InnerSelector(CoresetSelector selector) {
    InnerSelector {
        Objects.requireNonNull(selector, "selector");
    }

    Coreset select(Candidates candidates, RoundContext round) {
        @Nullable Coreset coreset = selector.select(candidates, round);
        if (coreset == null) {
            throw new IllegalStateException("the selector inside, "
                    + RoleName.of(selector, "a selector of the application")
                    + ", returned null; it must return a Coreset, empty if it selects nothing");
        }
        for (Group group : coreset.groups()) {
            for (int member : group.members()) {
                if (member >= candidates.size()) {
                    throw new IllegalStateException("the selector inside, "
                            + RoleName.of(selector, "a selector of the application")
                            + ", names candidate " + member + " of " + candidates.size() + ", counted from 0");
                }
            }
        }
        return coreset;
    }

    @Override
    public String toString() {
        return RoleText.of(selector);
    }
}
