package io.github.fedhds.selection;

import io.github.fedhds.message.Frame;
import io.github.fedhds.round.RoundContext;
import java.util.Optional;
import java.util.function.Function;

/**
 * Random signs, derived from the run's seed.
 *
 * @param fixed true for the same signs in all rounds, false for others in each round
 */
record SignsFrame(int dimensions, boolean fixed) implements Function<RoundContext, Optional<Frame>> {
    SignsFrame {
        dimensions = new Frame.Signs(dimensions, 0).dimensions(); // checks it
    }

    @Override
    public Optional<Frame> apply(RoundContext round) {
        RoundContext drawn = fixed ? RoundContext.first().withSeed(round.seed()) : round;
        return Optional.of(new Frame.Signs(dimensions, drawn.seedOf("frame")));
    }
}
