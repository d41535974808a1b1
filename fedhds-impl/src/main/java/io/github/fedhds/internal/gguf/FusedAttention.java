package io.github.fedhds.internal.gguf;

import com.google.gson.JsonElement;
import io.github.fedhds.internal.json.JsonOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits the one tensor that some files of the architectures llama, qwen2 and qwen3 have in place of those of queries, keys
 * and values. Its rows are theirs, one after the other, so each part is a range of its bytes.
 */
final class FusedAttention {
    private static final Set<String> ARCHITECTURES = Set.of("llama", "qwen2", "qwen3");
    private static final Pattern FUSED = Pattern.compile("(blk\\.\\d+\\.attn_)qkv(\\.weight|\\.bias)");

    private FusedAttention() {}

    /**
     * The parts by name; the tensor itself if it is no fused one.
     *
     * @throws IllegalArgumentException if its rows are not those of queries and of as many keys as values
     */
    static Map<String, GgufTensor> split(String name, GgufTensor tensor, JsonOptions options) {
        Matcher fused = FUSED.matcher(name);
        String architecture = options.given("general.architecture")
                .filter(JsonElement::isJsonPrimitive)
                .map(JsonElement::getAsString)
                .orElse("");
        if (!fused.matches() || !ARCHITECTURES.contains(architecture)) {
            return Map.of(name, tensor);
        }
        int heads = options.whole(architecture + ".attention.head_count");
        int width = options.whole(architecture + ".embedding_length");
        int headSize = options.whole(architecture + ".attention.key_length", width / Math.max(1, heads));
        long queries = (long) heads * headSize;
        int rows = tensor.shape()[0];
        long others = rows - queries;
        if (queries < 1 || others < 2 || others % 2 != 0 || tensor.bytes() % rows != 0) {
            throw new IllegalArgumentException("tensor " + name + " has " + rows + " rows; needed are " + queries
                    + " of queries (heads by their size), and as many of keys as of values");
        }
        long rowBytes = tensor.bytes() / rows;
        Map<String, GgufTensor> parts = new LinkedHashMap<>();
        long start = tensor.start();
        for (String part : new String[] {"q", "k", "v"}) {
            int[] shape = tensor.shape().clone();
            shape[0] = Math.toIntExact(part.equals("q") ? queries : others / 2);
            long bytes = shape[0] * rowBytes;
            parts.put(fused.group(1) + part + fused.group(2), new GgufTensor(tensor.type(), shape, start, bytes));
            start += bytes;
        }
        return parts;
    }
}
