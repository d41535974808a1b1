package io.github.fedhds.internal;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.Utils;
import com.sun.jna.Function;
import com.sun.jna.Platform;
import io.github.fedhds.FedHdsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts DJL's PyTorch engine for this library: offline, without usage tracking, on an available device. */
public final class TorchRuntime {
    private static final Logger LOG = LoggerFactory.getLogger(TorchRuntime.class);
    private static final String ENGINE = "PyTorch";

    private static final String THREADS = "ai.djl.pytorch.num_threads";
    private static final String GRAPH_OPTIMIZER = "ai.djl.pytorch.graph_optimizer";
    private static final String SPIN_COUNT = "GOMP_SPINCOUNT";
    private static final String SPINS = "30000";

    /** The number of this setting in malloc.h. */
    private static final int M_MMAP_THRESHOLD = -3;

    private static final int LARGE_BLOCK = 1 << 20;

    private static final AtomicReference<@Nullable String> MODEL_DEVICE = new AtomicReference<>();

    static {
        // Before the first DJL class loads. Properties that the application has set stay unchanged.
        unlessSet("OPT_OUT_TRACKING", "true");
        unlessSet("ai.djl.offline", "true");
        unlessSet("RUST_FLAVOR", "cpu");
        spinBriefly();
        mapLargeBlocks();
    }

    private TorchRuntime() {}

    private static void unlessSet(String property, String value) {
        if (System.getProperty(property) == null && System.getenv(property) == null) {
            System.setProperty(property, value);
        }
    }

    /**
     * OpenMP's threads spin while they wait for each other, by default for milliseconds. If a core has other work, or
     * the process may use fewer cores than it sees, each wait lasts until the scheduler runs the late thread. About ten
     * microseconds are enough for the operations of a model. OpenMP reads the environment when its library is loaded,
     * so a variable that is set just before takes effect.
     */
    private static void spinBriefly() {
        boolean own = System.getenv("OMP_WAIT_POLICY") != null || System.getenv(SPIN_COUNT) != null;
        if (own || Platform.isWindows()) { // Windows has one environment per C library
            return;
        }
        try {
            Function.getFunction(Platform.C_LIBRARY_NAME, "setenv").invokeInt(new Object[] {SPIN_COUNT, SPINS, 0});
        } catch (LinkageError e) { // JNA first unpacks its native library
            LOG.warn(
                    "{} cannot be set to {}; set it for the process, or load models with one thread",
                    SPIN_COUNT,
                    SPINS,
                    e);
        }
    }

    /**
     * glibc gives each thread a heap of its own, from which blocks of up to 32 MB come, and returns little of it to the
     * system. So the memory of training grew with every batch of another length. Blocks of 1 MB and more, which hold most
     * of a batch, now come from the system and go back to it; the time of a training step did not change.
     */
    private static void mapLargeBlocks() {
        boolean own = System.getenv("MALLOC_MMAP_THRESHOLD_") != null
                || String.valueOf(System.getenv("GLIBC_TUNABLES")).contains("mmap_threshold");
        if (own || !Platform.isLinux()) {
            return;
        }
        try {
            Object[] setting = {M_MMAP_THRESHOLD, LARGE_BLOCK};
            Function.getFunction(Platform.C_LIBRARY_NAME, "mallopt").invokeInt(setting);
        } catch (LinkageError e) { // other C libraries have no such setting
            LOG.debug("malloc's threshold for mapped blocks cannot be set", e);
        }
    }

    /** Applies the settings above; every class that uses DJL calls this first. */
    public static void prepare() {
        // The static block has run when this is reached.
    }

    /**
     * A manager of native memory on a device.
     *
     * @param device "cpu", "cuda", "cuda:1" and so on, or "auto": the first GPU if there is one, else the CPU
     */
    public static NDManager open(String device) {
        prepare();
        if (!Engine.hasEngine(ENGINE)) {
            throw new FedHdsException("DJL finds no engine " + ENGINE + ", only " + Engine.getAllEngines()
                    + "; is ai.djl.pytorch:pytorch-engine on the class path? Where all jars were made one, its file"
                    + " META-INF/services/ai.djl.engine.EngineProvider must have the lines of all of them");
        }
        try {
            Engine engine = Engine.getEngine(ENGINE);
            return NDManager.newBaseManager(resolve(device, engine.getGpuCount()), ENGINE);
        } catch (LinkageError | EngineException e) {
            throw noNativeLibrary("PyTorch's native library", "ai.djl.pytorch:pytorch-native-cpu", e);
        }
    }

    /**
     * Checks that a device exists, before a large model is loaded.
     *
     * @throws IllegalArgumentException if it does not
     */
    public static void checkDevice(String device) {
        open(device).close();
    }

    /**
     * The error for a native library that is not loaded, for two causes: it is missing, or it cannot be copied to disk.
     */
    public static FedHdsException noNativeLibrary(String what, String artifact, Throwable cause) {
        Path folder = Utils.getEngineCacheDir().toAbsolutePath();
        String reason = "; is " + artifact + " for this system on the class path, and is there room in " + folder
                + ", to which DJL copies it?";
        try {
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, "probe", ".tmp"));
        } catch (IOException e) {
            reason = ": DJL copies it to " + folder + ", which cannot be written (" + e + ");";
        }
        return new FedHdsException(
                what + " cannot be loaded" + reason
                        + " -DENGINE_CACHE_DIR=DIR, or the environment variable of that name," + " sets another folder",
                cause);
    }

    /** Tells that a model was loaded on a manager's device; see {@link #modelDevice}. */
    public static void modelOn(NDManager manager) {
        MODEL_DEVICE.compareAndSet(null, name(manager.getDevice()));
    }

    /** A device in the form of {@link #open}. */
    public static String name(Device device) {
        return device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
    }

    /** The device of the first model that this process loaded, in the form of {@link #open}; the CPU if it has loaded none. */
    public static String modelDevice() {
        String device = MODEL_DEVICE.get();
        return device == null ? "cpu" : device;
    }

    public static Device resolve(String device, int gpus) {
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

    /**
     * Logs a warning if the manager's device is a processor without instructions for bfloat16, where products of that type
     * take several times as long as in float32.
     */
    public static void checkBfloat16(NDManager manager) {
        Path processor = Path.of("/proc/cpuinfo"); // Linux; other systems do not tell
        if (manager.getDevice().isGpu() || !Files.isReadable(processor)) {
            return;
        }
        try (Stream<String> lines = Files.lines(processor)) {
            String flags =
                    lines.filter(line -> line.startsWith("flags")).findFirst().orElse(" avx512_bf16");
            if (!flags.contains(" avx512_bf16") && !flags.contains(" amx_bf16")) {
                LOG.warn(
                        "this processor has no bfloat16 instructions, so bfloat16 is several times slower than float32;"
                                + " use it only to save memory");
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.debug("{} cannot be read", processor, e);
        }
    }

    /** The engine's version; results of other versions may differ in the last bits. */
    public static String version() {
        prepare();
        return Engine.getEngine(ENGINE).getVersion();
    }

    /** Sets the number of torch threads per operation, for operations of the calling thread. */
    public static void threads(int threads) {
        JniUtils.setNumThreads(threads);
    }

    public static int threads() {
        return JniUtils.getNumThreads();
    }

    /**
     * Whether the application's modules run with the graph optimizer, by DJL's property and default: DJL cannot query
     * torch.
     */
    public static boolean optimizesGraphs() {
        return !"false".equalsIgnoreCase(System.getProperty(GRAPH_OPTIMIZER));
    }

    /**
     * Default number of threads per operation: torch's default, which counts the machine's cores, but at most the JVM's
     * number of processors, which respects container limits. A number in DJL's property is used unchanged.
     */
    public static int defaultThreads() {
        int own = threads();
        return System.getProperty(THREADS) != null
                ? own
                : Math.min(own, Runtime.getRuntime().availableProcessors());
    }
}
