package io.github.fedhds.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What every local trainer must keep. */
abstract class LocalTrainerContract {
    /** A trainer. */
    abstract LocalTrainer trainer();

    /** An adapter that it can start from. */
    abstract Adapter start();

    static final List<Instruction> SAMPLES = List.of(
            new Instruction("add", "a b", "ab", "one"),
            new Instruction("say", "", "yes", "two"),
            new Instruction("cut", "abc", "a", "one"),
            new Instruction("add", "c d", "cd", "one"));

    static RoundContext round(int number, Adapter global) {
        return new RoundContext("run", number, Optional.of(new ClientId("c1")), 3, global, Map.of());
    }

    @Test
    void train_anySamples_keepsTheAdaptersForm() {
        TrainingResult result = trainer().train(SAMPLES, round(1, start()));
        assertEquals(Optional.empty(), start().differenceInForm(result.adapter()));
        assertEquals(Optional.empty(), result.adapter().firstNonFinite());
    }

    @Test
    void train_everySample_isCountedOnce() {
        for (int n = 1; n <= SAMPLES.size(); n++) {
            TrainingResult result = trainer().train(SAMPLES.subList(0, n), round(1, start()));
            assertEquals(n, result.samples() + result.skippedTooLong());
            assertTrue(result.cutPrompts() <= result.samples());
            for (double loss : result.losses()) {
                assertTrue(Double.isFinite(loss));
            }
        }
    }

    @Test
    void train_again_givesEqualBits() {
        LocalTrainer trainer = trainer();
        TrainingResult first = trainer.train(SAMPLES, round(1, start()));
        assertEquals(first, trainer.train(SAMPLES, round(1, start())), "nothing is kept from call to call");
        assertEquals(first, trainer().train(SAMPLES, round(1, start())), "nor needed from another");
    }

    @Test
    void train_nextRound_startsFromItsAdapter() {
        LocalTrainer trainer = trainer();
        Adapter global = start();
        String before = global.digest();
        Adapter next = trainer.train(SAMPLES, round(1, global)).adapter();
        assertEquals(before, global.digest(), "the global adapter is the caller's");
        TrainingResult second = trainer.train(SAMPLES, round(2, next));
        assertEquals(Optional.empty(), global.differenceInForm(second.adapter()));
    }

    @Test
    void train_tasksNames_changeNothing() {
        List<Instruction> renamed = SAMPLES.stream()
                .map(s -> new Instruction(s.instruction(), s.input(), s.output(), "other"))
                .toList();
        assertEquals(trainer().train(SAMPLES, round(1, start())), trainer().train(renamed, round(1, start())));
    }
}
