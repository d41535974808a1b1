package io.github.fedhds.lora;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.util.Map;

/** The role is one method: a lambda is a trainer. */
class LambdaTrainerTest extends LocalTrainerContract {
    @Override
    LocalTrainer trainer() {
        return (instructions, round) ->
                new TrainingResult(round.globalAdapter(), instructions.size(), new double[instructions.size()]);
    }

    @Override
    Adapter start() {
        return new Adapter(Map.of("lora_A", new Tensor(new int[] {2, 2}, new float[] {1, 2, 3, 4})));
    }
}
