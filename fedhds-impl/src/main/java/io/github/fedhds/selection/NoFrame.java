package io.github.fedhds.selection;

import io.github.fedhds.message.Frame;
import io.github.fedhds.round.RoundContext;
import java.util.Optional;
import java.util.function.Function;

/** No shared frame: each client sends coordinates of its own. */
record NoFrame() implements Function<RoundContext, Optional<Frame>> {
    @Override
    public Optional<Frame> apply(RoundContext round) {
        return Optional.empty();
    }

    @Override
    public String toString() {
        return "none";
    }
}
