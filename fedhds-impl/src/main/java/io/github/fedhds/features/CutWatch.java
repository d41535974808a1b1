package io.github.fedhds.features;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.tokenizer.SampleCuts;
import io.github.fedhds.tokenizer.SampleEncoder;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports and logs once per client how many samples are cut, as its texts stay the same from round to round. Safe for
 * many threads.
 */
final class CutWatch {
    private static final Logger LOGGER = LoggerFactory.getLogger(CutWatch.class);

    /** Maximum number of remembered clients. */
    private static final int MOST = 10_000;

    private final Consumer<SampleCuts> listener;
    private final Set<Seen> seen = new HashSet<>();

    private record Seen(String run, Optional<ClientId> client, String purpose, int instructions) {}

    CutWatch(Consumer<SampleCuts> listener) {
        this.listener = listener;
    }

    void look(String purpose, SampleEncoder encoder, List<Instruction> instructions, RoundContext round) {
        if (!isNew(new Seen(round.runId(), round.client(), purpose, instructions.hashCode()))) {
            return;
        }
        int prompts = 0;
        int answers = 0;
        for (Instruction instruction : instructions) {
            if (encoder.forFeatures(instruction).cut()) {
                boolean fits = encoder.forTraining(instruction).isPresent();
                prompts += fits ? 1 : 0;
                answers += fits ? 0 : 1;
            }
        }
        SampleCuts cuts =
                new SampleCuts(round.client(), purpose, instructions.size(), prompts, answers, encoder.maxTokens());
        if (cuts.isAny()) {
            LOGGER.info(
                    "{} of {} samples of {} are cut to {} tokens for {}: {} prompts, {} answers; raise maxTokens if the"
                            + " model's context is longer",
                    prompts + answers,
                    cuts.samples(),
                    round.client().map(client -> "client " + client).orElse("no client"),
                    cuts.maxTokens(),
                    purpose,
                    prompts,
                    answers);
            listener.accept(cuts);
        }
    }

    private boolean isNew(Seen one) {
        synchronized (seen) {
            if (seen.size() >= MOST) {
                seen.clear();
            }
            return seen.add(one);
        }
    }
}
