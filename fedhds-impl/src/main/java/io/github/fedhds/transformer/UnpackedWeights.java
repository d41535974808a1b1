package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import io.github.fedhds.internal.TorchScriptArchive;
import io.github.fedhds.model.Precision;
import java.util.function.Consumer;

/** Unpacks packed weights one at a time, to what an unpacked model holds in memory. */
final class UnpackedWeights implements AutoCloseable {
    private final NDManager manager;
    private final PtSymbolBlock module;

    /** @param precision type that matrices are unpacked to */
    UnpackedWeights(NDManager manager, Precision precision) {
        String self = "self: __torch__.UnpackedWeights";
        String source = "class UnpackedWeights(Module):\n  __parameters__ = []\n  __buffers__ = []\n"
                + ("def forward(" + self + ", w: Tensor) -> Tensor:\n  return self.unpacked(w)\n"
                                + PackedForm.method(self, precision == Precision.BFLOAT16 ? 15 : 6))
                        .indent(2);
        this.manager = manager;
        this.module = TorchScriptArchive.compile(manager, "UnpackedWeights", source);
    }

    /** Passes a weight on; its values are freed afterwards. Vectors are never packed. */
    void use(NDArray weight, Consumer<NDArray> user) {
        if (weight.getShape().dimension() == 1) {
            user.accept(weight);
            return;
        }
        try (NDManager scope = manager.newSubManager()) {
            NDArray argument = weight.duplicate();
            argument.attach(scope);
            argument.setName("w"); // a weight's own name says that it is part of a list
            NDArray values =
                    IValueUtils.forward(module, new NDList(argument), false).get(0);
            values.attach(scope);
            user.accept(values);
        }
    }

    @Override
    public void close() {
        module.close();
    }
}
