package io.github.fedhds.simulation;

import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;

/** A random LLaMA of two layers over single characters, and clients whose instructions are of a few plain kinds. */
final class TinyFederation {
    private static final int FEED_FORWARD = 32;
    private static final int HEAD_WIDTH = 8;

    /** Few tokens, so that a sample fits into short contexts. */
    static final PromptTemplate SHORT = sample -> sample.instruction() + sample.input() + ">";

    private TinyFederation() {}

    /** Writes a model folder and loads it; the characters are those of ASCII that can be printed, space and newline. */
    static LanguageModel model(Path folder, long seed, int width, int layers, int positions) {
        List<String> characters = new ArrayList<>(List.of("<end>", "\u0120", "\u010a")); // as bytes are written in BPE
        for (char c = '!'; c <= '~'; c++) {
            characters.add(String.valueOf(c));
        }
        StringBuilder vocabulary = new StringBuilder();
        for (String text : characters) {
            vocabulary
                    .append(vocabulary.isEmpty() ? "" : ", ")
                    .append('"')
                    .append(text.equals("\"") || text.equals("\\") ? "\\" : "")
                    .append(text)
                    .append("\": ")
                    .append(characters.indexOf(text));
        }
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), """
                    {"model_type": "llama", "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d,
                     "num_attention_heads": %d, "num_key_value_heads": 1, "head_dim": %d, "vocab_size": %d,
                     "max_position_embeddings": %d, "tie_word_embeddings": true, "eos_token_id": 0}
                    """.formatted(
                            width, FEED_FORWARD, layers, width / HEAD_WIDTH, HEAD_WIDTH, characters.size(), positions));
            Files.writeString(folder.resolve("tokenizer.json"), """
                    {"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
                     "added_tokens": [{"id": 0, "content": "<end>", "single_word": false, "lstrip": false,
                       "rstrip": false, "normalized": false, "special": true}],
                     "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                       "use_regex": false},
                     "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                       "use_regex": false},
                     "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                       "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                       "vocab": {%s}, "merges": []}}
                    """.formatted(vocabulary));
        } catch (IOException e) {
            throw new FedHdsException("cannot write " + folder, e);
        }
        SafetensorsWriter.write(
                folder.resolve("model.safetensors"), weights(seed, width, layers, characters.size()), Map.of());
        return LanguageModel.load(folder);
    }

    private static Map<String, Tensor> weights(long seed, int width, int layers, int vocabulary) {
        Random random = new Random(seed);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        weights.put("model.embed_tokens.weight", matrix(random, vocabulary, width));
        weights.put("model.norm.weight", ones(width));
        for (int i = 0; i < layers; i++) {
            String layer = "model.layers." + i + ".";
            weights.put(layer + "input_layernorm.weight", ones(width));
            weights.put(layer + "post_attention_layernorm.weight", ones(width));
            weights.put(layer + "self_attn.q_proj.weight", matrix(random, width, width));
            weights.put(layer + "self_attn.k_proj.weight", matrix(random, HEAD_WIDTH, width));
            weights.put(layer + "self_attn.v_proj.weight", matrix(random, HEAD_WIDTH, width));
            weights.put(layer + "self_attn.o_proj.weight", matrix(random, width, width));
            weights.put(layer + "mlp.gate_proj.weight", matrix(random, FEED_FORWARD, width));
            weights.put(layer + "mlp.up_proj.weight", matrix(random, FEED_FORWARD, width));
            weights.put(layer + "mlp.down_proj.weight", matrix(random, width, FEED_FORWARD));
        }
        return weights;
    }

    private static Tensor ones(int length) {
        float[] values = new float[length];
        Arrays.fill(values, 1);
        return new Tensor(new int[] {length}, values);
    }

    private static Tensor matrix(Random random, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.3 * random.nextGaussian());
        }
        return new Tensor(new int[] {rows, columns}, values);
    }

    static ClientId id(int client) {
        return new ClientId("client " + client);
    }

    /** Clients with so many instructions each, of three kinds that share hardly a character. */
    static Map<ClientId, List<Instruction>> clients(int... sizes) {
        String[] kinds = {"abcde", "VWXYZ", "56789"};
        SplittableRandom random = new SplittableRandom(3);
        Map<ClientId, List<Instruction>> clients = new LinkedHashMap<>();
        for (int size : sizes) {
            List<Instruction> instructions = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                String letters = kinds[i % kinds.length];
                StringBuilder text = new StringBuilder();
                for (int k = 0; k < 12; k++) {
                    text.append(letters.charAt(random.nextInt(letters.length())));
                }
                instructions.add(new Instruction(text.toString(), "", letters.substring(0, 3)));
            }
            clients.put(id(clients.size()), instructions);
        }
        return clients;
    }

    /** Points of the rows' first two numbers. */
    static Points firstTwo(FeatureMatrix features, RoundContext round) {
        double[] values = new double[2 * features.rows()];
        for (int i = 0; i < features.rows(); i++) {
            values[2 * i] = features.row(i)[0];
            values[2 * i + 1] = features.row(i)[1];
        }
        return new Points(features.rows(), 2, values);
    }

    /** A selector: each candidate is a group of its own, at its point. */
    static Coreset each(Candidates candidates, RoundContext round) {
        List<Group> groups = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            groups.add(new Group(i, candidates.points().point(i), new int[] {i}));
        }
        return new Coreset(groups);
    }

    /** Features without a model: the codes of the first character and of the second. */
    static FeatureMatrix characters(List<Instruction> instructions) {
        float[] values = new float[2 * instructions.size()];
        for (int i = 0; i < instructions.size(); i++) {
            values[2 * i] = instructions.get(i).instruction().charAt(0);
            values[2 * i + 1] = instructions.get(i).instruction().charAt(1);
        }
        return new FeatureMatrix(instructions.size(), 1, 2, values);
    }

    /** A client whose features cost no pass through the model. */
    static FedHdsClientBuilder light(FedHdsClientBuilder client) {
        return client.featureExtractor((list, round) -> characters(list)).fusion(TinyFederation::firstTwo);
    }

    /** What is the same from run to run: all but the seconds. */
    static List<RoundReport> withoutSeconds(List<RoundReport> reports) {
        return reports.stream()
                .map(r -> new RoundReport(
                        r.result(),
                        r.adapterSha256(),
                        r.clients(),
                        new RoundReport.Seconds(0, 0, 0, 0, 0),
                        r.bytes(),
                        r.featureRows(),
                        r.failedClients(),
                        r.score(),
                        r.privacy()))
                .toList();
    }

    static List<RoundResult> results(List<RoundReport> reports) {
        return reports.stream().map(RoundReport::result).toList();
    }
}
