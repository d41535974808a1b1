package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.Turn;
import io.github.fedhds.instruction.Turn.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DialogueTest {
    @TempDir
    Path folder;

    /** Conversations are written as letters: system, user, assistant, tool. */
    private InstructionReader open(String letters, String key, String role, String text) throws IOException {
        StringBuilder json = new StringBuilder();
        for (int i = 0; i < letters.length(); i++) {
            String name = switch (letters.charAt(i)) {
                case 's' -> "system";
                case 'u' -> role.equals("from") ? "human" : "user";
                case 'a' -> role.equals("from") ? "gpt" : "assistant";
                default -> "tool";
            };
            json.append(i == 0 ? "" : ", ")
                    .append("{\"" + role + "\": \"" + name + "\", \"" + text + "\": \"" + i + "\"}");
        }
        Path file = folder.resolve("data.jsonl");
        Files.writeString(file, "{\"" + key + "\": [" + json + "], \"category\": \"t\"}\n");
        return DataFile.open(file);
    }

    /** The text of a turn is its place; history, instruction and output as letters with texts. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ua | '' | 0 | 1 | ''",
                "sua | S0 | 1 | 2 | ''",
                "uaua | U0 A1 | 2 | 3 | several",
                "suaua | S0 U1 A2 | 3 | 4 | several",
                "suauaua | S0 U1 A2 U3 A4 | 5 | 6 | several",
                "uau | '' | 0 | 1 | ''",
                "aua | '' | 1 | 2 | opened",
                "aauaua | U2 A3 | 4 | 5 | both",
                "uua | '' | 0+1 | 2 | ''",
                "uauuaa | U0 A1 | 2+3 | 4+5 | several",
            })
    void read_bothNamings_giveTheLastAnswerAndItsHistory(
            String letters, String history, String instruction, String output, String counted) throws IOException {
        List<Turn> turns = Arrays.stream(history.split(" "))
                .filter(one -> !one.isEmpty())
                .map(one -> new Turn(
                        one.charAt(0) == 'S' ? Role.SYSTEM : one.charAt(0) == 'U' ? Role.USER : Role.ASSISTANT,
                        one.substring(1)))
                .toList();
        Instruction expected =
                new Instruction(instruction.replace("+", "\n\n"), "", output.replace("+", "\n\n"), "t", turns);
        try (InstructionReader messages = open(letters, "messages", "role", "content");
                InstructionReader shareGpt = open(letters, "conversations", "from", "value")) {
            assertEquals(expected, messages.next());
            assertEquals(expected, shareGpt.next());
            assertFalse(messages.hasNext());
            boolean both = counted.equals("both");
            String end = (both || counted.equals("several") ? "; conversations of several turns: 1" : "")
                    + (both || counted.equals("opened")
                            ? "; conversations that the assistant begins: 1 (the first turn is left out)"
                            : "");
            assertTrue(messages.summary().endsWith(", 1 instruction, 0 skipped" + end), messages::summary);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "u | without an assistant turn",
                "su | without an assistant turn",
                "s | without an assistant turn",
                "'' | without an assistant turn",
                "a | without a user turn before the last answer",
                "sa | without a user turn before the last answer",
                "usa | with a system message after the first turn",
                "uata | with a role other than system, user and assistant",
            })
    void read_whatGivesNoSample_isSkippedAndCounted(String letters, String reason) throws IOException {
        try (InstructionReader reader = open(letters, "messages", "role", "content")) {
            assertFalse(reader.hasNext());
            assertEquals("{conversation " + reason + "=1}", reader.skipped().toString());
            assertTrue(reader.summary()
                    .endsWith("data.jsonl: JSON objects of {messages}, 0 instructions, 1 skipped: 1 conversation "
                            + reason));
        }
    }

    @Test
    void read_partsAndNull_areTextsAndEmpty() throws IOException {
        Path file = folder.resolve("data.json");
        String begin = "{\"messages\": [{\"role\": \"user\", \"content\": ";
        Files.writeString(
                file,
                begin + "[{\"type\": \"text\", \"text\": \"a\"}, {\"text\": \"b\"}]}, {\"role\": \"assistant\","
                        + " \"content\": \"c\"}]}" + begin + "[{\"type\": \"image\"}]}]}" + begin
                        + "\"a\"}, {\"role\": \"assistant\", \"content\": null, \"tool_calls\": []}]}");
        try (InstructionReader reader = DataFile.open(file)) {
            assertEquals(new Instruction("a\nb", "", "c"), reader.next());
            assertFalse(reader.hasNext());
            assertEquals(
                    "{conversation with content other than text=1, empty answer=1}",
                    reader.skipped().toString());
        }
        Files.writeString(file, begin + "\"a\"}, {\"role\": \"assistant\", \"content\": {}}]}");
        assertFails(
                FedHdsException.class,
                () -> DataFile.readAll(file),
                file + ": line 1: messages[1].content must be a text or a number");
    }
}
