package io.github.fedhds.examples.embedded.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WordTokenizerTest {
    private static final WordTokenizer TOKENIZER = WordTokenizer.build();
    private static final String SPACE = "\u2581";

    @Test
    void vocabulary_isSmallAndOrdered() {
        List<String> pieces = TOKENIZER.pieces();
        assertTrue(TOKENIZER.size() >= 1_000 && TOKENIZER.size() <= 1_400, () -> "size " + TOKENIZER.size());
        assertEquals(List.of("<unk>", "<s>", "</s>", "<0x00>"), pieces.subList(0, 4));
        assertEquals("<0xFF>", pieces.get(258));
        assertEquals(pieces.size(), new HashSet<>(pieces).size());
    }

    @Test
    void build_again_isTheSame() {
        assertEquals(TOKENIZER.pieces(), WordTokenizer.build().pieces());
    }

    @Test
    void vocabulary_coversDocumentsPromptsAndAnswers() {
        Set<String> pieces = new HashSet<>(TOKENIZER.pieces());
        List<String> texts = new ArrayList<>();
        PretrainingText documents = new PretrainingText(23);
        for (int i = 0; i < 5_000; i++) {
            texts.add(documents.document(i));
        }
        InstructionSet set = new InstructionSet(24);
        List<Instruction> rows = new ArrayList<>(set.training(100));
        rows.addAll(set.unseen(60));
        for (Instruction row : rows) {
            texts.add(PromptTemplate.alpaca().prompt(row) + "\n" + row.output());
        }
        int words = 0;
        int bytes = 0;
        for (String text : texts) {
            for (String part : text.split("\\s+")) {
                words++;
                String bare = part.replaceFirst("[.,:?!;]+$", "");
                if (!bare.isEmpty() && !pieces.contains(SPACE + bare)) {
                    bytes++;
                }
            }
        }
        // a word that the sample never met becomes bytes; less than one word in a thousand may
        assertTrue(bytes * 1_000L < words, bytes + " words of " + words + " are in no piece");
    }

    @Test
    void write_givesBothFilesWithEveryPiece(@TempDir Path folder) throws IOException {
        TOKENIZER.write(folder.resolve("new/folder"));
        String json = Files.readString(folder.resolve("new/folder/tokenizer.json"));
        String config = Files.readString(folder.resolve("new/folder/tokenizer_config.json"));
        assertTrue(json.contains("[\"" + SPACE + "###\",-5.0]"));
        assertTrue(json.contains("[\"\\n\",-5.0]"));
        assertEquals(
                TOKENIZER.size(),
                json.lines().filter(line -> line.startsWith("[\"")).count());
        assertTrue(config.contains("\"bos_token\":\"<s>\""));
    }
}
