package io.github.fedhds.codec;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.HalfFloats;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsHeader;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An adapter in a message: {@code adapter.NAME} per tensor, F32, F16 or I8. An I8 tensor also has {@code scale.NAME},
 * F32, with one scale per {@link #BLOCK} numbers in row-major order. It is stored before the tensor, because wider
 * types come first.
 */
final class AdapterTensors {
    /** Number of values that share a scale. */
    static final int BLOCK = 64;

    private static final String VALUES = "adapter.";
    private static final String SCALES = "scale.";
    private static final int MOST = 127;

    private final SortedMap<String, Tensor> tensors = new TreeMap<>();
    private final Map<String, StoredTensor> scales = new TreeMap<>();

    static boolean isAdapterTensor(String tensor) {
        return tensor.startsWith(VALUES) || tensor.startsWith(SCALES);
    }

    /** Adds the message's next tensor; the scales of an I8 tensor come before it. */
    void read(String name, StoredTensor stored) {
        boolean isScale = name.startsWith(SCALES);
        String own = MessageChecks.checkText(
                "a tensor's name", name.substring((isScale ? SCALES : VALUES).length()), MessageChecks.TENSOR_NAME);
        if (isScale) {
            scales.put(own, stored.expect(Dtype.F32, 1));
            return;
        }
        if (stored.dtype() == Dtype.F32 || stored.dtype() == Dtype.F16) {
            tensors.put(own, Tensor.of(stored.shape(), stored::floatAt));
        } else if (stored.dtype() == Dtype.I8) {
            StoredTensor scale = scales.remove(own);
            if (scale == null || scale.size() != blocks(stored.size())) {
                throw stored.fault("is I8 and needs " + blocks(stored.size()) + " numbers before it under " + SCALES
                        + own + ", there are " + (scale == null ? "none" : scale.size()));
            }
            tensors.put(own, Tensor.of(stored.shape(), i -> value(stored, scale, i)));
        } else {
            throw stored.fault("must be F32, F16 or I8, was " + stored.dtype());
        }
    }

    Adapter adapter() {
        if (!scales.isEmpty()) {
            throw new InvalidMessageException(
                    SCALES + JsonFile.shorten(scales.keySet().iterator().next()) + " belongs to no tensor of I8");
        }
        return tensors.isEmpty() ? Adapter.empty() : new Adapter(tensors);
    }

    private static float value(StoredTensor stored, StoredTensor scales, int i) {
        byte whole = stored.byteAt(i);
        float scale = scales.floatAt(i / BLOCK);
        if (whole == Byte.MIN_VALUE || scale < 0 || scale > scaleOf(Float.MAX_VALUE)) {
            throw stored.fault("holds " + whole + " at " + i + ", times " + scale + "; the form has -" + MOST + " to "
                    + MOST + ", times 0 to " + scaleOf(Float.MAX_VALUE));
        }
        return whole * scale;
    }

    private static int blocks(int size) {
        return (int) (((long) size + BLOCK - 1) / BLOCK);
    }

    /** The scale of a block with this largest absolute value, small enough that no product overflows. */
    private static float scaleOf(float largest) {
        float scale = largest / MOST;
        return Float.isInfinite(scale * MOST) ? Math.nextDown(scale) : scale;
    }

    private static byte whole(float value, float scale) {
        if (scale == 0) { // the block is zero, or its values are too small for a scale
            return 0;
        }
        return (byte) Math.max(-MOST, Math.min(MOST, Math.rint((double) value / scale)));
    }

    private static float[] scales(Tensor tensor) {
        float[] scales = new float[blocks(tensor.size())];
        for (int i = 0; i < tensor.size(); i++) {
            scales[i / BLOCK] = Math.max(scales[i / BLOCK], Math.abs(tensor.get(i)));
        }
        for (int k = 0; k < scales.length; k++) {
            scales[k] = scaleOf(scales[k]);
        }
        return scales;
    }

    /** Adds an adapter's tensors to those to be written; returns the rounding error. */
    static RoundingError write(Adapter adapter, AdapterPrecision precision, Map<String, PendingTensor> into) {
        Optional<String> fault = adapter.firstNonFinite();
        if (fault.isPresent()) {
            throw new InvalidMessageException(fault.get() + ", all must be finite");
        }
        double largest = 0;
        double squaredError = 0;
        double squared = 0;
        for (Map.Entry<String, Tensor> named : adapter.tensors().entrySet()) {
            String name = MessageChecks.checkText("a tensor's name", named.getKey(), MessageChecks.TENSOR_NAME);
            Tensor tensor = named.getValue();
            MessageChecks.check("axes of tensor " + name, tensor.shape().length, SafetensorsHeader.MAX_AXES);
            float[] scales = precision == AdapterPrecision.INT8 ? scales(tensor) : new float[0];
            if (precision == AdapterPrecision.INT8) {
                Tensor scale = new Tensor(new int[] {scales.length}, scales);
                into.put(SCALES + name, PendingTensor.of(name, scale, Dtype.F32));
                into.put(VALUES + name, wholeNumbers(tensor, scales));
            } else {
                Dtype dtype = precision == AdapterPrecision.FLOAT16 ? Dtype.F16 : Dtype.F32;
                into.put(VALUES + name, PendingTensor.of(name, tensor, dtype));
            }
            for (int i = 0; precision != AdapterPrecision.FLOAT32 && i < tensor.size(); i++) {
                float value = tensor.get(i);
                float stored = precision == AdapterPrecision.FLOAT16
                        ? HalfFloats.fromF16(HalfFloats.toF16(value))
                        : whole(value, scales[i / BLOCK]) * scales[i / BLOCK];
                double error = Math.abs((double) value - stored);
                largest = Math.max(largest, error);
                squaredError += error * error;
                squared += (double) value * value;
            }
        }
        return squaredError == 0 ? RoundingError.NONE : new RoundingError(largest, Math.sqrt(squaredError / squared));
    }

    private static PendingTensor wholeNumbers(Tensor tensor, float[] scales) {
        return PendingTensor.of(Dtype.I8, tensor.shape(), tensor.size(), (from, to, into) -> {
            for (int i = from; i < to; i++) {
                into.put(whole(tensor.get(i), scales[i / BLOCK]));
            }
        });
    }
}
