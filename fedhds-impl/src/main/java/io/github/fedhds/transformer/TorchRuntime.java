package io.github.fedhds.transformer;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.FedHdsException;

/** Starts DJL's PyTorch engine as this library needs it: offline, silent to trackers, on a device that is there. */
final class TorchRuntime {
    private static final String ENGINE = "PyTorch";

    static {
        // Before the first DJL class loads; whoever set one of these keeps it.
        unlessSet("OPT_OUT_TRACKING", "true");
        unlessSet("ai.djl.offline", "true");
        unlessSet("RUST_FLAVOR", "cpu");
    }

    private TorchRuntime() {}

    private static void unlessSet(String property, String value) {
        if (System.getProperty(property) == null && System.getenv(property) == null) {
            System.setProperty(property, value);
        }
    }

    /** Runs the settings above; every class that touches DJL calls this first. */
    static void prepare() {
        // The static block has run when this is reached.
    }

    /**
     * A manager of native memory on a device.
     *
     * @param device "cpu", "cuda", "cuda:1" and so on, or "auto": the first GPU where there is one, else the CPU
     */
    static NDManager open(String device) {
        prepare();
        try {
            Engine engine = Engine.getEngine(ENGINE);
            return NDManager.newBaseManager(resolve(device, engine.getGpuCount()), ENGINE);
        } catch (UnsatisfiedLinkError | ai.djl.engine.EngineException e) {
            throw new FedHdsException(
                    "the PyTorch engine did not start; is pytorch-native for this system on the class path?", e);
        }
    }

    static Device resolve(String device, int gpus) {
        if (device.equals("cpu")) {
            return Device.cpu();
        }
        if (device.equals("auto")) {
            return gpus > 0 ? Device.gpu(0) : Device.cpu();
        }
        if (device.matches("cuda(:\\d{1,3})?")) {
            int index = device.equals("cuda") ? 0 : Integer.parseInt(device.substring(5));
            if (index >= gpus) {
                throw new IllegalArgumentException("device " + device + " was asked for, but this machine shows " + gpus
                        + " CUDA devices to PyTorch; use cpu, or put pytorch-native-cu on the class path");
            }
            return Device.gpu(index);
        }
        throw new IllegalArgumentException("device is auto, cpu, cuda or cuda:N, was " + device);
    }

    /** The engine's version; another one may compute other last bits. */
    static String version() {
        prepare();
        return Engine.getEngine(ENGINE).getVersion();
    }

    /** Sets torch's threads inside one operation, for the calling thread's operations. */
    static void threads(int threads) {
        JniUtils.setNumThreads(threads);
    }

    static int threads() {
        return JniUtils.getNumThreads();
    }
}
