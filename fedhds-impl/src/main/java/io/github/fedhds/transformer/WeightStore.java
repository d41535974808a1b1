package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.transformer.DecoderLayout.Slot;
import io.github.fedhds.wire.Dtype;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Brings weights from files into native memory: bytes are read where the file is mapped and turned into the wanted type
 * by torch, one weight at a time, so that neither Java's heap nor a second copy of the model is needed.
 */
final class WeightStore implements AutoCloseable {
    private static final String PARTS = "parts[]";

    private final NDManager manager;
    private final Precision precision;
    private final Map<String, PtSymbolBlock> modules = new HashMap<>();

    /**
     * @param manager owns the weights
     * @param precision type of the products' weights and the embeddings; norms are float32
     */
    WeightStore(NDManager manager, Precision precision) {
        this.manager = manager;
        this.precision = precision;
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
            NDList bytes = new NDList();
            List<String> views = new ArrayList<>();
            for (DecoderWeights.Stored part : parts) {
                long[] shape = longs(part.shape());
                shape[shape.length - 1] *= part.dtype().bytes();
                NDArray array = scope.create(part.bytes(), new Shape(shape), DataType.UINT8);
                array.setName(PARTS);
                String view = "torch.view_copy(parts[" + bytes.size() + "], dtype=" + torch(part.dtype()) + ")";
                views.add("torch.to(" + (weight.transposed() ? "torch.t(" + view + ")" : view) + ", "
                        + type(weight.slot()) + ")");
                bytes.add(array);
            }
            String source = "torch.contiguous(torch.cat(" + views + "))";
            // Training: what comes of a call without it can never be part of a gradient's graph.
            NDArray kept = IValueUtils.forward(modules.computeIfAbsent(source, this::compile), bytes, true)
                    .get(0);
            kept.attach(manager);
            return kept;
        }
    }

    private String type(Slot slot) {
        boolean rounds = precision == Precision.BFLOAT16
                && switch (slot) {
                    case EMBEDDING, POSITIONS, HEAD -> true;
                    case INPUT, OUTPUT, WIDEN, NARROW -> true;
                    case INPUT_BIAS, OUTPUT_BIAS, WIDEN_BIAS, NARROW_BIAS -> true;
                    default -> false;
                };
        return torch(rounds ? Dtype.BF16 : Dtype.F32);
    }

    /** The number by which TorchScript knows a type. */
    private static String torch(Dtype dtype) {
        return switch (dtype) {
            case F16 -> "5";
            case F32 -> "6";
            case F64 -> "7";
            case BF16 -> "15";
            default -> throw new IllegalArgumentException("weights are F32, F16, BF16 or F64, was " + dtype);
        };
    }

    private PtSymbolBlock compile(String expression) {
        String source = "class WeightStore(Module):\n  __parameters__ = []\n  __buffers__ = []\n"
                + "  def forward(self: __torch__.WeightStore, parts: List[Tensor]) -> Tensor:\n    return " + expression
                + "\n";
        byte[] archive = TorchScriptArchive.of("WeightStore", source);
        try {
            return JniUtils.loadModule((PtNDManager) manager, new ByteArrayInputStream(archive), true, false);
        } catch (IOException e) {
            throw new FedHdsException("cannot compile the reading of weights", e);
        }
    }

    private static long[] longs(int[] shape) {
        long[] longs = new long[shape.length];
        for (int i = 0; i < shape.length; i++) {
            longs[i] = shape[i];
        }
        return longs;
    }

    /** Lets the compiled code go; the weights stay. */
    @Override
    public void close() {
        modules.values().forEach(PtSymbolBlock::close);
    }
}
