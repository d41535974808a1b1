package io.github.fedhds.tokenizer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.ChatTemplate;
import io.github.fedhds.instruction.ChatTemplate.Form;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelTemplateTest {
    private static final String TURNS = "{{'<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n'}}";

    @TempDir
    private Path folder = Path.of("");

    private static PromptTemplate of(String source) {
        return new ModelTemplate(source, "here").template();
    }

    @Test
    void template_isRecognisedByItsMarks() {
        assertEquals(ChatTemplate.of(Form.CHATML), of(TURNS));
        assertEquals(
                ChatTemplate.of(Form.CHATML).withSystem("You are X.\nBe brief."),
                of("{{ '<|im_start|>system\\nYou are X.\\nBe brief.<|im_end|>\\n' }}" + TURNS));
        assertEquals(
                ChatTemplate.of(Form.CHATML).withSystem("You are X."),
                of("{{ '<|im_start|>system\nYou are X.<|im_end|>\n' }}" + TURNS));
        assertEquals( // a system text from the messages is not a default
                ChatTemplate.of(Form.CHATML),
                of("{{ '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}" + TURNS));
        assertEquals(
                ChatTemplate.of(Form.CHATML).withAnswerPrefix("<think>\n\n</think>\n\n"),
                of(TURNS + "{% if enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}"));
        String header = "{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' + m.content + '<|eot_id|>' }}";
        assertEquals(ChatTemplate.of(Form.LLAMA3), of(header));
        assertEquals(
                "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
                        + "Today Date: 26 Jul 2024\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\n",
                of(header + "{{ 'Cutting Knowledge Date: December 2023\\n' }}").prompt(new Instruction("Q", "", "")));
        assertEquals(
                ChatTemplate.of(Form.LLAMA2), of("'<<SYS>>\\n' {{ bos_token + '[INST] ' + content + ' [/INST]' }}"));
        assertEquals(ChatTemplate.of(Form.MISTRAL), of("{{ '[INST] ' + content + '[/INST]' }}"));
        assertEquals(ChatTemplate.of(Form.MISTRAL_V1), of("{{ '[INST] ' + content + ' [/INST]' }}"));
        assertFalse(of("'### Instruction:\\n' '### Response:\\n'") instanceof ChatTemplate);
        assertFalse(of(" ") instanceof ChatTemplate);
    }

    @Test
    void template_ofAnotherForm_isRefusedWithTheSettingThatHelps() {
        for (String other : new String[] {
            "{{ '<|user|>\\n' + m.content + '<|end|>' }}",
            "{{ '<start_of_turn>user\\n' }}",
            "{{ '[INST]' + content + '[/INST]' }}", // newer forms of Mistral have no spaces
            "{{ bos_token }}" + TURNS,
        }) {
            assertFails(
                    FedHdsException.class,
                    () -> of(other),
                    "here is of no supported form: " + other,
                    "Set the template of FedHds, or --template");
            assertEquals(Optional.empty(), new ModelTemplate(other, "here").endToken());
        }
        assertFails(FedHdsException.class, () -> of(TURNS + "[INST] [/INST]"), "here is of several forms");
        assertFails(FedHdsException.class, () -> of("x".repeat(1000)), "x".repeat(200) + "...;");
    }

    @Test
    void read_findsTheTemplateInEachFile() throws IOException {
        assertEquals("", ModelTemplate.read(folder).source());
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"chat_template\": \"one\"}");
        assertEquals(new ModelTemplate("one", config + ": chat_template"), ModelTemplate.read(folder));
        Files.writeString(
                config,
                "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"x\"},"
                        + " {\"name\": \"default\", \"template\": \"two\"}]}");
        assertEquals("two", ModelTemplate.read(folder).source());
        for (String none : new String[] {"null", "[]", "{}", "7", "[\"x\"]"}) {
            Files.writeString(config, "{\"chat_template\": " + none + "}");
            assertEquals("", ModelTemplate.read(folder).source(), none);
        }
        Path jinja = folder.resolve("chat_template.jinja"); // newer, so it counts
        Files.writeString(jinja, "three");
        assertEquals(new ModelTemplate("three", jinja.toString()), ModelTemplate.read(folder));
        Files.write(jinja, "caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
        assertFails(FedHdsException.class, () -> ModelTemplate.read(folder), jinja.toString());
        Files.write(jinja, new byte[(1 << 20) + 1]);
        assertFails(FedHdsException.class, () -> ModelTemplate.read(folder), "has 1048577 bytes, allowed are 1048576");
    }
}
