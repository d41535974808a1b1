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
import io.github.fedhds.internal.safetensors.PackedMatrix;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.DecoderLayout.Slot;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads weights from files into native memory: torch reads the memory-mapped bytes and converts them to the target
 * type, one weight at a time, so that neither Java heap nor a second copy of the model is needed.
 */
final class WeightStore implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(WeightStore.class);

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
    private final boolean packs;
    private final PtSymbolBlock module;
    private long packedBytes;
    private long bytes;

    /**
     * @param manager owns the weights
     * @param precision type of the weights of products and embeddings; norms are float32
     * @param packs whether quantized matrices stay packed, and others keep their type
     */
    WeightStore(NDManager manager, Precision precision, boolean packs) {
        this.manager = manager;
        this.precision = precision;
        this.packs = packs;
        this.module = TorchScriptArchive.compile(manager, "WeightStore", SOURCE);
    }

    /** All weights, in the order of the layout. */
    NDList store(DecoderWeights source) {
        NDList weights = new NDList();
        for (DecoderLayout.Weight weight : source.layout().weights()) {
            NDArray stored = packs ? packed(source, weight) : unpacked(source.read(weight), weight);
            bytes += stored.size() * stored.getDataType().getNumOfBytes();
            weights.add(stored);
        }
        if (packs) {
            LOGGER.info(
                    "the base model takes {} MB, of which {} MB are packed matrices", bytes >> 20, packedBytes >> 20);
        }
        return weights;
    }

    private NDArray packed(DecoderWeights source, DecoderLayout.Weight weight) {
        boolean product = !weight.bias() && weight.slot() != Slot.POSITIONS && !isNorm(weight.slot());
        Optional<List<PackedMatrix>> blocks = product ? source.packed(weight) : Optional.empty();
        if (blocks.isEmpty()) {
            return unpacked(source.read(weight), weight);
        }
        List<DecoderWeights.Stored> parts = blocks.get().stream()
                .map(matrix -> new DecoderWeights.Stored(
                        matrix.bytes(), Dtype.U8, new int[] {matrix.rows(), matrix.blocks(), matrix.blockBytes()}))
                .toList();
        NDArray kept = store(parts, Dtype.U8, false);
        packedBytes += kept.size();
        return kept;
    }

    private NDArray unpacked(List<DecoderWeights.Stored> parts, DecoderLayout.Weight weight) {
        Dtype own = parts.get(0).dtype();
        boolean keeps = packs
                && !weight.bias()
                && !isNorm(weight.slot())
                && (own == Dtype.BF16 || own == Dtype.F16)
                && parts.stream().allMatch(part -> part.dtype() == own);
        return store(parts, keeps ? own : type(weight.slot()), weight.transposed());
    }

    private NDArray store(List<DecoderWeights.Stored> parts, Dtype type, boolean transposed) {
        try (NDManager scope = manager.newSubManager()) {
            long[] settings = new long[parts.size() + 2];
            settings[0] = torch(type);
            settings[1] = transposed ? 1 : 0;
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
        return precision == Precision.BFLOAT16 && !isNorm(slot) ? Dtype.BF16 : Dtype.F32;
    }

    private static boolean isNorm(Slot slot) {
        return switch (slot) {
            case ATTENTION_NORM, QUERY_NORM, KEY_NORM, MLP_NORM, FINAL_NORM -> true;
            default -> false;
        };
    }

    /** TorchScript's number for a type. */
    private static long torch(Dtype dtype) {
        return switch (dtype) {
            case U8 -> 0;
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
