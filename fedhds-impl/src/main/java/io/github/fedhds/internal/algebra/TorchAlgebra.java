package io.github.fedhds.internal.algebra;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.internal.TorchCall;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.internal.TorchScriptArchive;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * PyTorch, through DJL's engine, on the device that the system property {@value #DEVICE} names. By default that is the
 * device of the first model that the process loaded, and the CPU if it has loaded none. Not tested on a GPU.
 */
final class TorchAlgebra implements LinearAlgebra {
    private static final String DEVICE = "fedhds.algebra.device";
    private static final String MODEL = "model";
    private static final Logger LOG = LoggerFactory.getLogger(TorchAlgebra.class);
    private static final String CLASS = "Algebra";

    private final NDManager manager;
    private final PtSymbolBlock module;
    private final int threads;

    private static final class Holder {
        private static final TorchAlgebra INSTANCE = new TorchAlgebra(device());
    }

    /** The device of the property, as {@link TorchRuntime#open} takes it. */
    static String device() {
        String device = System.getProperty(DEVICE, MODEL);
        return device.equals(MODEL) ? TorchRuntime.modelDevice() : device;
    }

    private TorchAlgebra(String device) {
        this.manager = TorchRuntime.open(device);
        this.threads = TorchRuntime.defaultThreads();
        this.module = TorchScriptArchive.compile(manager, CLASS, TorchAlgebraSource.of(CLASS));
        LOG.info("dense linear algebra by {}, {} threads", name(), threads);
    }

    /** Starts torch on the first call. */
    static TorchAlgebra instance() {
        return Holder.INSTANCE;
    }

    @Override
    public String name() {
        return "PyTorch (" + manager.getDevice().getDeviceType() + ")";
    }

    /** A call of the module. */
    final class Call extends TorchCall {
        Call() {
            super(manager, threads);
        }

        /** Vectors, {@code [count, length]}, on the device. */
        PtNDArray vectors(double[] values, int count) {
            Shape shape = new Shape(count, count == 0 ? 0 : values.length / count);
            return (PtNDArray) scope().create(DoubleBuffer.wrap(values), shape, DataType.FLOAT64);
        }

        /** Runs a method of the module. */
        PtNDArray run(String method, Object... arguments) {
            IValue[] values = new IValue[arguments.length];
            try {
                for (int i = 0; i < values.length; i++) {
                    values[i] = arguments[i] instanceof PtNDArray array
                            ? IValue.from(array)
                            : IValue.from(((Number) arguments[i]).longValue());
                }
                try (IValue result = IValueUtils.runMethod(module, method, values)) {
                    return result.toTensor((PtNDManager) scope());
                }
            } finally {
                for (IValue value : values) {
                    if (value != null) {
                        value.close();
                    }
                }
            }
        }
    }

    /** A manager for arrays that outlive a call. */
    NDManager newManager() {
        return manager.newSubManager();
    }

    /** An array without values, for the CPU to fill if {@code staging}, else on the device. */
    static PtNDArray empty(NDManager owner, Shape shape, DataType type, boolean staging) {
        Device device = staging ? Device.cpu() : owner.getDevice();
        return JniUtils.createEmptyNdArray((PtNDManager) owner, shape, type, device, SparseFormat.DENSE);
    }

    @Override
    public LoadedRows load(CentredSource source, boolean single) {
        return new TorchRows(this, source, single);
    }

    @Override
    public LoadedMatrix load(double[] values, int order) {
        NDManager owner = newManager();
        PtNDArray matrix =
                (PtNDArray) owner.create(DoubleBuffer.wrap(values), new Shape(order, order), DataType.FLOAT64);
        return new LoadedMatrix() {
            @Override
            public double[] times(double[] vectors, int count) {
                try (Call call = new Call()) {
                    return call.run("matrix_times", matrix, call.vectors(vectors, count))
                            .toDoubleArray();
                }
            }

            @Override
            public void close() {
                owner.close();
            }
        };
    }

    @Override
    public Eigen eigen(double[] values, int order, int k) {
        double[] all; // the eigenvalues, ascending, then their vectors
        try (Call call = new Call()) {
            all = call.run("eigen", call.vectors(values, order)).toDoubleArray();
        }
        double[] largest = new double[k];
        double[][] vectors = new double[k][];
        for (int c = 0; c < k; c++) {
            int from = order - 1 - c;
            largest[c] = all[from];
            vectors[c] = Arrays.copyOfRange(all, (from + 1) * order, (from + 2) * order);
        }
        return new Eigen(largest, vectors);
    }
}
