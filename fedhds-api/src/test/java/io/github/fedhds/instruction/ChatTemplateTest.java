package io.github.fedhds.instruction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.ChatTemplate.Form;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ChatTemplateTest {
    private static final Set<String> MARKS = Set.of(
            "<|im_start|>",
            "<|im_end|>",
            "<|begin_of_text|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eot_id|>",
            "<s>",
            "</s>");

    private static String text(List<PromptPart> parts) {
        return parts.stream().map(PromptPart::text).collect(Collectors.joining());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "CHATML, `<|im_start|>user\nQ\n\nI<|im_end|>\n<|im_start|>assistant\n`, ` A `",
                "LLAMA2, `<s>[INST] Q\n\nI [/INST]`, `A `",
                "LLAMA3, `<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nQ\n\nI<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\n`, A",
                "MISTRAL, `<s>[INST] Q\n\nI[/INST]`, A",
                "MISTRAL_V1, `<s>[INST] Q\n\nI [/INST]`, A",
            })
    void prompt_isTheTextOfTheFamily(Form form, String prompt, String answer) {
        Instruction sample = new Instruction("Q", "I", " A ");
        assertEquals(prompt, ChatTemplate.of(form).prompt(sample));
        assertEquals(answer, ChatTemplate.of(form).answer(sample));
        assertEquals(prompt.replace("\n\nI", ""), ChatTemplate.of(form).prompt(sample.withInput("")));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "CHATML, `<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n"
                        + "A<|im_end|>\n<|im_start|>user\n P <|im_end|>\n<|im_start|>assistant\n`",
                "LLAMA2, `<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A </s><s>[INST] P [/INST]`",
                "LLAMA3, `<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
                        + "<|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|><|start_header_id|>assistant"
                        + "<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nP<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\n`",
                "MISTRAL, `<s>[INST] Q[/INST] A</s>[INST] S\n\n P [/INST]`",
                "MISTRAL_V1, `<s>[INST] Q [/INST] A</s>[INST] S\n\n P  [/INST]`",
            })
    void parts_severalTurns_areTheTextOfTheFamily(Form form, String prompt) {
        List<Turn> turns = List.of(Turn.user("Q"), Turn.assistant("A"), Turn.user(" P "));
        assertEquals(prompt, text(ChatTemplate.of(form).withSystem("S").parts(turns)));
        List<Turn> own = List.of(Turn.system("S"), turns.get(0), turns.get(1), turns.get(2));
        assertEquals(prompt, text(ChatTemplate.of(form).withSystem("other").parts(own)));
    }

    /** The text of a turn is never a special part, whatever is written in it. */
    @ParameterizedTest
    @EnumSource(Form.class)
    void parts_marksInATurn_areText(Form form) {
        String all = String.join(" ", MARKS) + " [INST] [/INST]";
        ChatTemplate template = ChatTemplate.of(form);
        List<PromptPart> plain = template.parts(new Instruction("x", "", ""));
        List<PromptPart> hostile = template.parts(new Instruction(all, "", ""));
        assertEquals(specials(plain), specials(hostile));
        assertEquals(plain.size(), hostile.size());
        assertTrue(text(hostile).contains(all));
        specials(plain).forEach(mark -> assertTrue(MARKS.contains(mark) || form == Form.MISTRAL, mark));
    }

    private static List<String> specials(List<PromptPart> parts) {
        return parts.stream().filter(PromptPart::special).map(PromptPart::text).toList();
    }

    @Test
    void preambleAndAnswerPrefix_areInThePrompt() {
        Instruction sample = new Instruction("Q", "", "");
        assertEquals(
                "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nDate\n\n<|eot_id|>"
                        + "<|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\n",
                ChatTemplate.of(Form.LLAMA3).withPreamble("Date\n\n").prompt(sample));
        for (Form form : Form.values()) {
            String prompt =
                    ChatTemplate.of(form).withAnswerPrefix("<think></think>").prompt(sample);
            assertEquals(ChatTemplate.of(form).prompt(sample) + "<think></think>", prompt);
        }
    }

    @Test
    void parts_turnsInAnotherOrder_areRefused() {
        ChatTemplate template = ChatTemplate.of(Form.CHATML);
        refused(template, List.of(), "must end with a turn of role USER, was without one");
        refused(template, List.of(Turn.system("s")), "must end with a turn of role USER");
        refused(template, List.of(Turn.assistant("a")), "turn 1 of the conversation must be of role USER");
        refused(template, List.of(Turn.user("a"), Turn.user("b")), "turn 2 of the conversation must be of role ASSIST");
        refused(template, List.of(Turn.user("a"), Turn.assistant("b")), "role USER, was ASSISTANT");
        refused(
                template,
                List.of(Turn.system("s"), Turn.user("a"), Turn.system("b")),
                "turn 3 of the conversation must be of role ASSISTANT, was SYSTEM");
    }

    private static void refused(ChatTemplate template, List<Turn> turns, String message) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> template.parts(turns));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @Test
    void equals_comparesEverySetting() {
        ChatTemplate template = ChatTemplate.of(Form.CHATML);
        assertEquals(template, ChatTemplate.of(Form.CHATML));
        assertEquals(template.hashCode(), ChatTemplate.of(Form.CHATML).hashCode());
        for (ChatTemplate other : List.of(
                ChatTemplate.of(Form.LLAMA3),
                template.withSystem("s"),
                template.withPreamble("s"),
                template.withAnswerPrefix("s"))) {
            assertNotEquals(template, other);
        }
    }

    @Test
    void lambda_isTextWithTheModelsEnd() {
        PromptTemplate template = sample -> "Q" + sample.instruction();
        Instruction sample = new Instruction("</s>", "", " A ");
        assertEquals(List.of(PromptPart.text("Q</s>")), template.parts(sample));
        assertEquals(" A ", template.answer(sample));
        assertEquals(Optional.empty(), template.endToken());
    }
}
