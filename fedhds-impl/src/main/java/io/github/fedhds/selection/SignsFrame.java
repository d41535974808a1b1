package io.github.fedhds.selection;

import io.github.fedhds.message.Frame;
import io.github.fedhds.round.RoundContext;
import java.util.Optional;
import java.util.function.Function;

/** Random signs, others in each round, derived from the run's seed. */
record SignsFrame(int dimensions) implements Function<RoundContext, Optional<Frame>> {
    SignsFrame {
        dimensions = new Frame.Signs(dimensions, 0).dimensions(); // checks it
    }

    @Override
    public Optional<Frame> apply(RoundContext round) {
        return Optional.of(new Frame.Signs(dimensions, round.seedOf("frame")));
    }
}
