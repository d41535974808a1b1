package io.github.fedhds.transformer;

import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Which products of a decoder a LoRA adapter changes, and how its tensors lie in one flat vector: layer by layer, product
 * by product, A {@code [rank, in]} before B {@code [out, rank]}.
 *
 * @param products names out of q, k, v, o, gate, up, down, in that order
 * @param rank inner width; 0 with no products
 * @param scale factor of the low-rank part: alpha / rank, or alpha / sqrt(rank)
 */
public record AdapterForm(List<String> products, int rank, double scale) {
    private static final Map<String, String> MODULES = modules();

    public AdapterForm {
        List<String> known = Arrays.asList(DecoderSource.PRODUCTS);
        for (String product : products) {
            if (!known.contains(product)) {
                throw new IllegalArgumentException(
                        "products are of " + known + ", was " + product + "; for modules such as q_proj use ofModules");
            }
        }
        List<String> ordered = new ArrayList<>(known);
        ordered.retainAll(products);
        products = List.copyOf(ordered);
        if (!products.isEmpty() && (rank < 1 || !Double.isFinite(scale))) {
            throw new IllegalArgumentException(
                    "an adapter has a rank of 1 or more and a finite scale, was rank " + rank + ", scale " + scale);
        }
    }

    private static Map<String, String> modules() {
        Map<String, String> modules = new LinkedHashMap<>();
        for (String product : DecoderSource.PRODUCTS) {
            String parent = List.of("q", "k", "v", "o").contains(product) ? "self_attn." : "mlp.";
            modules.put(product, parent + product + "_proj");
        }
        return modules;
    }

    /** The form of the base model: nothing is adapted. */
    public static AdapterForm none() {
        return new AdapterForm(List.of(), 0, 0);
    }

    /**
     * The form for module names as PEFT has them.
     *
     * @param modules of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj
     */
    public static AdapterForm ofModules(List<String> modules, int rank, double scale) {
        List<String> products = new ArrayList<>();
        for (String module : modules) {
            products.add(MODULES.entrySet().stream()
                    .filter(e -> e.getValue().endsWith("." + module))
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            "target module " + module + " is not in this model; it has " + MODULES.values())));
        }
        return new AdapterForm(products, rank, scale);
    }

    /** The name of a product's module inside a layer, such as {@code self_attn.q_proj}. */
    static String module(String product) {
        return Objects.requireNonNull(MODULES.get(product), product);
    }

    /** True if nothing is adapted. */
    public boolean isEmpty() {
        return products.isEmpty();
    }

    static int inputs(DecoderConfig config, String product) {
        return switch (product) {
            case "o" -> config.heads() * config.headWidth();
            case "down" -> config.feedForward();
            default -> config.width();
        };
    }

    static int outputs(DecoderConfig config, String product) {
        return switch (product) {
            case "q" -> config.heads() * config.headWidth();
            case "k", "v" -> config.keyValueHeads() * config.headWidth();
            case "gate", "up" -> config.feedForward();
            default -> config.width();
        };
    }

    /** Names and shapes of the tensors, in the order of the flat vector. */
    public Map<String, int[]> shapes(DecoderConfig config) {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            for (String product : products) {
                String name = "model.layers." + layer + "." + module(product);
                shapes.put(name + ".lora_A", new int[] {rank, inputs(config, product)});
                shapes.put(name + ".lora_B", new int[] {outputs(config, product), rank});
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
     * Puts an adapter's tensors into one vector.
     *
     * @throws IllegalArgumentException if names or shapes are not those of this form and model
     */
    public float[] flatten(DecoderConfig config, Adapter adapter) {
        Map<String, int[]> shapes = shapes(config);
        for (String name : adapter.tensors().keySet()) {
            if (!shapes.containsKey(name)) {
                throw new IllegalArgumentException("adapter tensor " + name + " belongs to no adapted product of this"
                        + " model (" + config.layers() + " layers, products " + products + ")");
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

    /** The adapter whose {@link #flatten} is this vector. */
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
