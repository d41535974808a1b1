package io.github.fedhds.setup;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * Loaded copies of one model, usually one on each GPU, over which the clients of a process are spread: {@link
 * FedHds#on(ModelPool)}. Each call of a client's extractor, scorer or trainer runs on the copy with the fewest running calls.
 * Evaluation and digests use the first copy.
 *
 * <pre>{@code
 * try (ModelPool models = ModelPool.load(folder, ModelOptions.defaults(), List.of("cuda:0", "cuda:1"))) {
 *     FedHds fedHds = FedHds.on(models).build();
 * }
 * }</pre>
 *
 * <p>Results do not depend on the copies that the calls run on: on CPUs they have the same bits as with one model. This was
 * not tested on a machine with several GPUs; GPUs of different types may differ in the last bits. Memory: the weights of each copy on its device. Safe for many threads.
 */
public final class ModelPool implements AutoCloseable {
    private final List<LanguageModel> models;
    private final int[] running; // calls of each copy, guarded by the array's lock

    private ModelPool(List<LanguageModel> models) {
        requireEqual(models, "kind of device", ModelPool::kind, "results would depend on where a client runs");
        requireEqual(models, "number of threads", LanguageModel::threads, "load all with the same options");
        requireEqual(models, "precision", LanguageModel::precision, "load all with the same options");
        this.models = models;
        this.running = new int[models.size()];
    }

    /**
     * Loads a model once on each device.
     *
     * @param folder the folder or GGUF file, see {@link LanguageModel#load(Path, ModelOptions)}; read once for each device
     * @param options their device is not used
     * @param devices one or more, in the form of {@link ModelOptions#device}, all CPUs or all GPUs; a device that is named
     *     twice has two copies
     * @throws FedHdsException if the model cannot be loaded; the copies that were loaded before are then closed
     * @throws IllegalArgumentException if there is no device, one does not exist, or there are CPUs and GPUs
     */
    public static ModelPool load(Path folder, ModelOptions options, List<String> devices) {
        if (devices.isEmpty()) {
            throw new IllegalArgumentException("a pool of models needs at least one device, such as cpu or cuda:0");
        }
        devices.forEach(TorchRuntime::checkDevice);
        List<LanguageModel> loaded = new ArrayList<>();
        try {
            for (String device : devices) {
                loaded.add(LanguageModel.load(folder, options.onDevice(device)));
            }
            return new ModelPool(List.copyOf(loaded));
        } catch (RuntimeException | Error e) {
            close(loaded).ifPresent(e::addSuppressed);
            throw e;
        }
    }

    /**
     * A pool of models that were loaded before; {@link #close} closes them. Reads the weights of all, about 1 s per
     * gigabyte, if there are several.
     *
     * @param models one or more loaded copies
     * @throws IllegalArgumentException if two differ in weights, tokenizer, precision, number of threads or kind of device
     *     (CPU or GPU), or one is there twice; the message names the difference
     */
    public static ModelPool of(List<LanguageModel> models) {
        Objects.requireNonNull(models, "models").forEach(model -> Objects.requireNonNull(model, "one of the models"));
        if (models.isEmpty()) {
            throw new IllegalArgumentException("a pool of models needs at least one model");
        }
        for (int i = 0; i < models.size(); i++) {
            int before = models.indexOf(models.get(i)); // models are equal only to themselves
            if (before < i) {
                throw new IllegalArgumentException("models " + (before + 1) + " and " + (i + 1)
                        + " of the pool are the same object; load the model again, on another device");
            }
        }
        ModelPool pool = new ModelPool(List.copyOf(models));
        if (models.size() > 1) {
            requireEqual(models, "tokenizer digest", LanguageModel::tokenizerDigest, "they are copies of one model");
            requireEqual(models, "digest", LanguageModel::digest, "they are copies of one model");
        }
        return pool;
    }

    private static String kind(LanguageModel model) {
        return model.device().startsWith("gpu") ? "GPU" : "CPU";
    }

    private static void requireEqual(
            List<LanguageModel> models, String setting, Function<LanguageModel, Object> value, String reason) {
        Object wanted = value.apply(models.get(0));
        for (int i = 1; i < models.size(); i++) {
            Object other = value.apply(models.get(i));
            if (!other.equals(wanted)) {
                throw new IllegalArgumentException(
                        "the models of a pool must have the same " + setting + ", but model 1 on "
                                + models.get(0).device() + " has " + wanted + " and model " + (i + 1) + " on "
                                + models.get(i).device() + " has " + other + "; " + reason);
            }
        }
    }

    /** The first copy. */
    public LanguageModel first() {
        return models.get(0);
    }

    /** All copies, in the order of their devices. */
    public List<LanguageModel> models() {
        return models;
    }

    /**
     * Calls the role of the copy with the fewest running calls, the first of these.
     *
     * @param roles one for each copy
     */
    <T, R> R call(List<T> roles, Function<T, R> work) {
        int copy = begin();
        try {
            return work.apply(roles.get(copy));
        } finally {
            synchronized (running) {
                running[copy]--;
            }
        }
    }

    private int begin() {
        synchronized (running) {
            int least = 0;
            for (int i = 1; i < running.length; i++) {
                least = running[i] < running[least] ? i : least;
            }
            running[least]++;
            return least;
        }
    }

    /** Closes all copies; closing again does nothing. */
    @Override
    public void close() {
        close(models).ifPresent(e -> {
            throw e;
        });
    }

    /** Closes all, whatever happens to one of them, and returns the first exception. */
    private static Optional<RuntimeException> close(List<LanguageModel> models) {
        Optional<RuntimeException> first = Optional.empty();
        for (LanguageModel model : models) {
            try {
                model.close();
            } catch (RuntimeException e) {
                first.ifPresent(earlier -> earlier.addSuppressed(e));
                first = first.or(() -> Optional.of(e));
            }
        }
        return first;
    }
}
