package io.github.fedhds.examples.embedded.corpus;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes a tokenizer of whole words in the Hugging Face format. The model type is Unigram, but every piece starts with
 * a space mark or is a punctuation mark, so there is only one way to split a text; unknown text falls back to bytes. A
 * line break counts as a space before the next word, so that a word is the same piece in any position.
 */
public final class WordTokenizer {
    private static final int SAMPLE_DOCUMENTS = 20_000;
    private static final long SAMPLE_SEED = 20_240_501L;
    private static final String SPACE = "\u2581";

    /** A punctuation mark, or a sequence of other characters between spaces and marks. */
    private static final Pattern PIECE = Pattern.compile("[.,:?!;]|[^\\s.,:?!;]+");

    private final List<String> pieces;

    private WordTokenizer(List<String> pieces) {
        this.pieces = List.copyOf(pieces);
    }

    /** Builds the vocabulary: special tokens, bytes, then marks and words by frequency in a sample. */
    public static WordTokenizer build() {
        Map<String, Integer> counts = new TreeMap<>();
        PretrainingText text = new PretrainingText(SAMPLE_SEED);
        for (int i = 0; i < SAMPLE_DOCUMENTS; i++) {
            count(text.document(i), counts);
        }
        InstructionSet set = new InstructionSet(SAMPLE_SEED);
        List<Instruction> rows = new ArrayList<>(set.training(50));
        rows.addAll(set.unseen(50));
        for (Instruction row : rows) {
            count(PromptTemplate.alpaca().prompt(row) + "\n" + row.output(), counts);
        }
        for (InstructionTask task : set.trainingTasks()) {
            task.definitions().forEach(definition -> count(definition.replace("{x}", ""), counts));
        }
        set.unseenTasks().forEach(task -> task.definitions().forEach(definition -> count(definition, counts)));
        for (int i = 0; i < 100; i++) {
            count(String.valueOf(i), counts);
        }
        return new WordTokenizer(ordered(counts));
    }

    private static List<String> ordered(Map<String, Integer> counts) {
        Set<String> all = new LinkedHashSet<>(List.of("<unk>", "<s>", "</s>"));
        for (int i = 0; i < 256; i++) {
            all.add(String.format(Locale.ROOT, "<0x%02X>", i));
        }
        // a blank line is one piece
        all.addAll(List.of("\n", "\n" + SPACE + "\n", SPACE, ".", ",", ":", "?", "!", ";", "-", "'"));
        counts.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .forEach(entry -> all.add(entry.getKey()));
        return List.copyOf(all);
    }

    private static void count(String text, Map<String, Integer> counts) {
        Matcher matcher = PIECE.matcher(text);
        while (matcher.find()) {
            boolean first = matcher.start() == 0 || Character.isWhitespace(text.charAt(matcher.start() - 1));
            counts.merge((first ? SPACE : "") + matcher.group(), 1, Integer::sum);
        }
    }

    /** Number of pieces, including special tokens and the 256 bytes. */
    public int size() {
        return pieces.size();
    }

    /** Pieces by id. */
    public List<String> pieces() {
        return pieces;
    }

    /**
     * Writes {@code tokenizer.json} and {@code tokenizer_config.json} to {@code folder}; creates it if it is missing.
     */
    public void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("tokenizer.json"), tokenizerJson());
        Files.writeString(folder.resolve("tokenizer_config.json"), configJson());
    }

    String tokenizerJson() {
        StringBuilder json = new StringBuilder();
        json.append("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[");
        for (int id = 0; id < 3; id++) {
            json.append(id == 0 ? "" : ",")
                    .append("{\"id\":")
                    .append(id)
                    .append(",\"content\":")
                    .append(quoted(pieces.get(id)));
            json.append(
                    ",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}");
        }
        json.append("],\n\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[");
        json.append("{\"type\":\"Prepend\",\"prepend\":").append(quoted(SPACE)).append("},");
        json.append(replace(" ", SPACE))
                .append(',')
                .append(replace("\n", "\n" + SPACE))
                .append("]},\n");
        json.append("\"pre_tokenizer\":null,\n\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[");
        json.append("{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],");
        json.append(
                "\"pair\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},");
        json.append("{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":1}},{\"Sequence\":{\"id\":\"B\",\"type_id\":1}}],");
        json.append("\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[1],\"tokens\":[\"<s>\"]}}},\n");
        json.append(
                "\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},");
        json.append(replace("\n" + SPACE, "\n")).append(',').append(replace(SPACE, " "));
        json.append(",{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]},\n");
        json.append("\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"byte_fallback\":true,\"vocab\":[\n");
        for (int id = 0; id < pieces.size(); id++) {
            // all words have the same low cost; special tokens and bytes are never preferred to a word
            String score = id < 259 ? "-20.0" : "-5.0";
            json.append(id == 0 ? "" : ",\n")
                    .append('[')
                    .append(quoted(pieces.get(id)))
                    .append(',')
                    .append(score)
                    .append(']');
        }
        return json.append("\n]}}\n").toString();
    }

    private static String configJson() {
        return "{\"tokenizer_class\":\"PreTrainedTokenizerFast\",\"unk_token\":\"<unk>\",\"bos_token\":\"<s>\","
                + "\"eos_token\":\"</s>\",\"add_bos_token\":true,\"add_eos_token\":false,"
                + "\"clean_up_tokenization_spaces\":false,\"model_max_length\":1024}\n";
    }

    private static String replace(String from, String to) {
        return "{\"type\":\"Replace\",\"pattern\":{\"String\":" + quoted(from) + "},\"content\":" + quoted(to) + "}";
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
