package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import io.github.fedhds.internal.TorchScriptArchive;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.DecoderLayout.Slot;
import java.util.Arrays;
import java.util.List;

/**
 * Loads weights from files into native memory: torch reads the memory-mapped bytes and converts them to the target
 * type, one weight at a time, so that neither Java heap nor a second copy of the model is needed.
 */
final class WeightStore implements AutoCloseable {
    private static final String PARTS = "parts[]";

    /** Arguments: the target type, whether parts are transposed, and the type of each part. */
    private static final String SOURCE = """
            class WeightStore(Module):
              __parameters__ = []
              __buffers__ = []
              def forward(self: __torch__.WeightStore, settings: Tensor, parts: List[Tensor]) -> Tensor:
                kept = annotate(List[Tensor], [])
                for i in range(torch.len(parts)):
                  part = torch.view_copy(parts[i], dtype=int(torch.select(settings, 0, torch.add(i, 2))))
                  if bool(torch.select(settings, 0, 1)):
                    turned = torch.t(part)
                  else:
                    turned = part
                  _ = torch.append(kept, torch.to(turned, int(torch.select(settings, 0, 0))))
                return torch.contiguous(torch.cat(kept))
            """;

    private final NDManager manager;
    private final Precision precision;
    private final PtSymbolBlock module;

    /**
     * @param manager owns the weights
     * @param precision type of the weights of products and embeddings; norms are float32
     */
    WeightStore(NDManager manager, Precision precision) {
        this.manager = manager;
        this.precision = precision;
        this.module = TorchScriptArchive.compile(manager, "WeightStore", SOURCE);
    }

    /** All weights, in the order of the layout. */
    NDList store(DecoderWeights source) {
        NDList weights = new NDList();
        for (DecoderLayout.Weight weight : source.layout().weights()) {
            weights.add(store(source.read(weight), weight));
        }
        return weights;
    }

    private NDArray store(List<DecoderWeights.Stored> parts, DecoderLayout.Weight weight) {
        try (NDManager scope = manager.newSubManager()) {
            long[] settings = new long[parts.size() + 2];
            settings[0] = torch(type(weight.slot()));
            settings[1] = weight.transposed() ? 1 : 0;
            NDList inputs = new NDList();
            for (DecoderWeights.Stored part : parts) {
                long[] shape = Arrays.stream(part.shape()).asLongStream().toArray();
                shape[shape.length - 1] *= part.dtype().bytes();
                NDArray array = scope.create(part.bytes(), new Shape(shape), DataType.UINT8);
                array.setName(PARTS);
                inputs.add(array);
                settings[inputs.size() + 1] = torch(part.dtype());
            }
            inputs.add(0, scope.create(settings));
            // Training mode: results of a call without it can never be part of a gradient's graph.
            NDArray kept = IValueUtils.forward(module, inputs, true).get(0);
            kept.attach(manager);
            return kept;
        }
    }

    private Dtype type(Slot slot) {
        boolean rounds = precision == Precision.BFLOAT16
                && switch (slot) {
                    case ATTENTION_NORM, QUERY_NORM, KEY_NORM, MLP_NORM, FINAL_NORM -> false;
                    default -> true;
                };
        return rounds ? Dtype.BF16 : Dtype.F32;
    }

    /** TorchScript's number for a type. */
    private static long torch(Dtype dtype) {
        return switch (dtype) {
            case F16 -> 5;
            case F32 -> 6;
            case F64 -> 7;
            case BF16 -> 15;
            default -> throw new IllegalArgumentException("weights are F32, F16, BF16 or F64, was " + dtype);
        };
    }

    /** Frees the compiled code; the weights stay. */
    @Override
    public void close() {
        module.close();
    }
}
