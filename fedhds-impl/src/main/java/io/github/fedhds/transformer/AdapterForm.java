package io.github.fedhds.transformer;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.model.DecoderConfig;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.IntStream;

/**
 * The linear modules of a decoder that a LoRA adapter changes, and the order of its tensors in one flat vector: layer
 * by layer, module by module in the order of the model, A {@code [rank, in]} before B {@code [out, rank]}.
 *
 * @param targets each one is {@code all-linear} for all linear modules of the layers, the end of a module's name
 *     ({@code q_proj}, {@code attn.c_proj}), or a regular expression for its whole name ({@code .*\\.mlp\\..*}), as in
 *     PEFT; empty for the base model
 * @param rank rank of the low-rank product; 0 without targets
 * @param scale factor of the low-rank product: alpha / rank, or alpha / sqrt(rank)
 */
public record AdapterForm(List<String> targets, int rank, double scale) {
    /** The target for all linear modules of the layers, in every model family. */
    public static final String ALL_LINEAR = "all-linear";

    public AdapterForm {
        targets = List.copyOf(targets);
        targets.forEach(AdapterForm::checkTarget);
        if (!targets.isEmpty() && (rank < 1 || !Double.isFinite(scale))) {
            throw new IllegalArgumentException(
                    "an adapter has a rank of 1 or more and a finite scale, was rank " + rank + ", scale " + scale);
        }
    }

    /**
     * Checks that a target is valid.
     *
     * @throws IllegalArgumentException if it is blank or not a regular expression
     */
    public static void checkTarget(String target) {
        if (target.isBlank()) {
            throw new IllegalArgumentException("a target module has a name, was blank");
        }
        try {
            Pattern.compile(target);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("target module " + target + " is no regular expression", e);
        }
    }

    /** The form of the base model, without adapted modules. */
    public static AdapterForm none() {
        return new AdapterForm(List.of(), 0, 0);
    }

    /** Whether a target matches the module of this full name, such as {@code model.layers.0.self_attn.q_proj}. */
    public static boolean matches(String target, String module) {
        return target.equals(ALL_LINEAR)
                || module.equals(target)
                || module.endsWith("." + target)
                || Pattern.matches(target, module);
    }

    /** True if no module is adapted. */
    public boolean isEmpty() {
        return targets.isEmpty();
    }

    /**
     * Names of the adapted modules inside a layer, in the order of the model.
     *
     * @throws IllegalArgumentException if a target matches no module, or a module of only some layers
     */
    List<String> modules(DecoderConfig config) {
        DecoderLayout layout = new DecoderLayout(config);
        List<String> all = layout.projections().stream()
                .flatMap(projection -> projection.modules().stream())
                .map(DecoderLayout.Module::name)
                .toList();
        for (String target : targets) {
            if (all.stream().noneMatch(module -> matches(target, layout.layerName(0) + module))) {
                throw new IllegalArgumentException(
                        "target module " + target + " is not in every layer of this model; a layer has " + all);
            }
        }
        return all.stream()
                .filter(module -> {
                    long hits = IntStream.range(0, config.layers())
                            .filter(i -> targets.stream().anyMatch(t -> matches(t, layout.layerName(i) + module)))
                            .count();
                    if (hits != 0 && hits != config.layers()) {
                        throw new IllegalArgumentException("target modules " + targets + " mean " + module + " in "
                                + hits + " of " + config.layers() + " layers; only all layers alike are supported");
                    }
                    return hits != 0;
                })
                .toList();
    }

    /**
     * Names and shapes of the tensors, in the order of the flat vector.
     *
     * @throws IllegalArgumentException if a target matches no module of the model
     */
    public Map<String, int[]> shapes(DecoderConfig config) {
        DecoderLayout layout = new DecoderLayout(config);
        List<String> adapted = modules(config);
        Map<String, int[]> shapes = new LinkedHashMap<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            for (DecoderLayout.Projection projection : layout.projections()) {
                for (DecoderLayout.Module module : projection.modules()) {
                    if (adapted.contains(module.name())) {
                        String name = layout.layerName(layer) + module.name();
                        shapes.put(name + LoraNames.A, new int[] {rank, projection.inputs()});
                        shapes.put(name + LoraNames.B, new int[] {module.outputs(), rank});
                    }
                }
            }
        }
        return shapes;
    }

    List<Integer> sizes(DecoderConfig config) {
        return shapes(config).values().stream().map(s -> s[0] * s[1]).toList();
    }

    /** Number of values of an adapter. */
    public int parameters(DecoderConfig config) {
        return sizes(config).stream().mapToInt(Integer::intValue).sum();
    }

    /**
     * Copies an adapter's tensors into one vector.
     *
     * @throws IllegalArgumentException if names or shapes differ from those of this form and model
     */
    public float[] flatten(DecoderConfig config, Adapter adapter) {
        Map<String, int[]> shapes = shapes(config);
        for (String name : adapter.tensors().keySet()) {
            if (!shapes.containsKey(name)) {
                throw new IllegalArgumentException("adapter tensor " + name + " belongs to no adapted module of this"
                        + " model (" + config.layers() + " layers, target modules " + targets + ")");
            }
        }
        float[] flat = new float[parameters(config)];
        int at = 0;
        for (Map.Entry<String, int[]> entry : shapes.entrySet()) {
            Tensor tensor = adapter.tensors().get(entry.getKey());
            int[] shape = entry.getValue();
            if (tensor == null) {
                throw new IllegalArgumentException(
                        "adapter tensor " + entry.getKey() + " of shape " + Arrays.toString(shape) + " is missing");
            }
            if (!Arrays.equals(tensor.shape(), shape)) {
                throw new IllegalArgumentException(entry.getKey() + " has shape " + Arrays.toString(tensor.shape())
                        + ", this model needs " + Arrays.toString(shape) + " at rank " + rank
                        + "; was the adapter trained with another rank or model?");
            }
            System.arraycopy(tensor.toArray(), 0, flat, at, tensor.size());
            at += tensor.size();
        }
        return flat;
    }

    /** The inverse of {@link #flatten}. */
    public Adapter unflatten(DecoderConfig config, float[] flat) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        int at = 0;
        for (Map.Entry<String, int[]> entry : shapes(config).entrySet()) {
            int size = entry.getValue()[0] * entry.getValue()[1];
            tensors.put(entry.getKey(), new Tensor(entry.getValue(), Arrays.copyOfRange(flat, at, at + size)));
            at += size;
        }
        return new Adapter(tensors);
    }
}
