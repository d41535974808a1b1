import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.StringJoiner;

/** Writes a LLaMA model of one layer with random weights: a folder as Hugging Face has it, written with the JDK alone. */
final class RandomModel {
    private static final int WIDTH = 16;

    private RandomModel() {}

    static Path write(Path folder) throws IOException {
        List<String> tokens = new ArrayList<>(List.of("</s>"));
        for (char c = '!'; c <= '~'; c++) {
            tokens.add(c == '"' || c == '\\' ? "\\" + c : String.valueOf(c));
        }
        tokens.addAll(List.of("\u0120", "\u010a")); // space and newline, as the byte-level form writes them
        StringJoiner vocabulary = new StringJoiner(", ", "{", "}");
        for (int i = 0; i < tokens.size(); i++) {
            vocabulary.add("\"" + tokens.get(i) + "\": " + i);
        }
        Files.writeString(folder.resolve("config.json"), """
                {"model_type": "llama", "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
                 "num_attention_heads": 2, "vocab_size": %d, "max_position_embeddings": 512,
                 "tie_word_embeddings": true, "eos_token_id": 0}
                """.formatted(tokens.size()));
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
                 "added_tokens": [{"id": 0, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
                  "normalized": false, "special": true}],
                 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
                 "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
                 "model": {"type": "BPE", "vocab": %s, "merges": []}}
                """.formatted(vocabulary));
        Files.write(folder.resolve("model.safetensors"), weights(tokens.size()));
        return folder;
    }

    /** The safetensors format: length of the header, header as JSON, numbers. */
    private static byte[] weights(int tokens) {
        String layer = "model.layers.0.";
        List<String> names = new ArrayList<>(List.of("model.embed_tokens.weight", "model.norm.weight"));
        List<int[]> shapes = new ArrayList<>(List.of(new int[] {tokens, WIDTH}, new int[] {WIDTH}));
        for (String norm : List.of("input_layernorm", "post_attention_layernorm")) {
            names.add(layer + norm + ".weight");
            shapes.add(new int[] {WIDTH});
        }
        for (String product : List.of("q", "k", "v", "o")) {
            names.add(layer + "self_attn." + product + "_proj.weight");
            shapes.add(new int[] {WIDTH, WIDTH});
        }
        for (String product : List.of("gate", "up", "down")) {
            names.add(layer + "mlp." + product + "_proj.weight");
            shapes.add(product.equals("down") ? new int[] {WIDTH, 2 * WIDTH} : new int[] {2 * WIDTH, WIDTH});
        }
        StringJoiner header = new StringJoiner(", ", "{", "}");
        int bytes = 0;
        for (int i = 0; i < names.size(); i++) {
            int end = bytes + 4 * size(shapes.get(i));
            header.add("\"%s\": {\"dtype\": \"F32\", \"shape\": %s, \"data_offsets\": [%d, %d]}"
                    .formatted(names.get(i), Arrays.toString(shapes.get(i)), bytes, end));
            bytes = end;
        }
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(json.length).put(json);
        SplittableRandom random = new SplittableRandom(1);
        for (int[] shape : shapes) {
            for (int i = 0; i < size(shape); i++) {
                file.putFloat(shape.length == 1 ? 1 : (float) (0.3 * random.nextGaussian()));
            }
        }
        return file.array();
    }

    private static int size(int[] shape) {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }
}
