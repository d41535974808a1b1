package io.github.fedhds.instruction;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The prompt of a chat model: turns of a system, a user and an assistant, separated by special tokens. An instruction is
 * the user's last turn, with its input after an empty line; its history are the turns before it; the answer is the
 * assistant's turn, which ends with {@link #endToken}. Immutable, safe for many threads.
 */
public final class ChatTemplate implements PromptTemplate {
    /** The supported forms. */
    public enum Form {
        /**
         * {@code <|im_start|>user\n...<|im_end|>\n}: Qwen, SmolLM2 and others.
         *
         * @see <a href="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct">A model with its template</a>
         */
        CHATML("<|im_end|>"),
        /**
         * {@code <s>[INST] ... [/INST] ... </s>}, the system's text inside of the first user turn.
         *
         * @see <a href="https://arxiv.org/abs/2307.09288">Llama 2</a>
         */
        LLAMA2("</s>"),
        /**
         * {@code <|start_header_id|>user<|end_header_id|>\n\n...<|eot_id|>}: Llama 3 to 3.3.
         *
         * @see <a href="https://arxiv.org/abs/2407.21783">The Llama 3 herd of models</a>
         */
        LLAMA3("<|eot_id|>"),
        /** {@code <s>[INST] ...[/INST] ...</s>}, where the marks are special tokens: Mistral 7B Instruct v0.3. */
        MISTRAL("</s>"),
        /** {@code <s>[INST] ... [/INST] ...</s>}, where the marks are text: Mistral 7B Instruct v0.1 and v0.2. */
        MISTRAL_V1("</s>");

        private final String end;

        Form(String end) {
            this.end = end;
        }
    }

    private final Form form;
    private final String preamble;
    private final String system;
    private final String answerPrefix;

    private ChatTemplate(Form form, String preamble, String system, String answerPrefix) {
        this.form = Objects.requireNonNull(form, "form");
        this.preamble = Objects.requireNonNull(preamble, "preamble");
        this.system = Objects.requireNonNull(system, "system");
        this.answerPrefix = Objects.requireNonNull(answerPrefix, "answerPrefix");
    }

    /** A template without a system text. */
    public static ChatTemplate of(Form form) {
        return new ChatTemplate(form, "", "", "");
    }

    /** The same with another system text for conversations without a system turn; empty for none. */
    public ChatTemplate withSystem(String newSystem) {
        return new ChatTemplate(form, preamble, newSystem, answerPrefix);
    }

    /** The same with a text that stands before every system text, such as the dates of Llama 3.1; empty for none. */
    public ChatTemplate withPreamble(String newPreamble) {
        return new ChatTemplate(form, newPreamble, system, answerPrefix);
    }

    /**
     * The same with a text at the end of the prompt, which the model does not write itself, such as the empty reasoning
     * of Qwen 3; empty for none.
     */
    public ChatTemplate withAnswerPrefix(String newAnswerPrefix) {
        return new ChatTemplate(form, preamble, system, newAnswerPrefix);
    }

    /** The form of the turns. */
    public Form form() {
        return form;
    }

    @Override
    public String prompt(Instruction instruction) {
        return parts(instruction).stream().map(PromptPart::text).collect(Collectors.joining());
    }

    @Override
    public List<PromptPart> parts(Instruction instruction) {
        List<Turn> turns = new ArrayList<>(instruction.history());
        turns.add(Turn.user(
                instruction.input().isEmpty()
                        ? instruction.instruction()
                        : instruction.instruction() + "\n\n" + instruction.input()));
        return parts(turns);
    }

    @Override
    public String answer(Instruction instruction) {
        return switch (form) {
            case CHATML -> instruction.output();
            case LLAMA2 -> instruction.output().strip() + " ";
            case LLAMA3, MISTRAL, MISTRAL_V1 -> instruction.output().strip();
        };
    }

    @Override
    public Optional<String> endToken() {
        return Optional.of(form.end);
    }

    /**
     * The prompt of a conversation, which ends where the assistant's next turn begins.
     *
     * @param turns an optional system turn, then user and assistant in turn; the last is the user's
     * @throws IllegalArgumentException if the turns are in another order; the message names the first that is wrong
     */
    public List<PromptPart> parts(List<Turn> turns) {
        boolean own = !turns.isEmpty() && turns.get(0).role() == Turn.Role.SYSTEM;
        List<Turn> said = own ? turns.subList(1, turns.size()) : turns;
        checkOrder(said, own ? 1 : 0);
        String given = own ? turns.get(0).text() : system;
        String directions = preamble + (own && form == Form.LLAMA3 ? given.strip() : given);
        List<PromptPart> parts = new ArrayList<>();
        switch (form) {
            case CHATML -> chatMl(parts, directions, said);
            case LLAMA3 -> llama3(parts, directions, said);
            default -> bracketed(parts, directions, said);
        }
        return List.copyOf(parts);
    }

    private static void checkOrder(List<Turn> said, int offset) {
        for (int i = 0; i < said.size(); i++) {
            Turn.Role expected = i % 2 == 0 ? Turn.Role.USER : Turn.Role.ASSISTANT;
            if (said.get(i).role() != expected) {
                throw new IllegalArgumentException("turn " + (offset + i + 1) + " of the conversation must be of role "
                        + expected + ", was " + said.get(i).role());
            }
        }
        if (said.size() % 2 == 0) {
            throw new IllegalArgumentException("a prompt must end with a turn of role USER, was "
                    + (said.isEmpty()
                            ? "without one"
                            : said.get(said.size() - 1).role()));
        }
    }

    private static String name(Turn turn) {
        return turn.role() == Turn.Role.USER ? "user" : "assistant";
    }

    private void chatMl(List<PromptPart> parts, String directions, List<Turn> said) {
        if (!directions.isEmpty()) {
            parts.addAll(chatMlTurn("system\n" + directions));
        }
        said.forEach(turn -> parts.addAll(chatMlTurn(name(turn) + "\n" + turn.text())));
        parts.add(PromptPart.special("<|im_start|>"));
        parts.add(PromptPart.text("assistant\n" + answerPrefix));
    }

    private static List<PromptPart> chatMlTurn(String text) {
        return List.of(
                PromptPart.special("<|im_start|>"),
                PromptPart.text(text),
                PromptPart.special("<|im_end|>"),
                PromptPart.text("\n"));
    }

    private void llama3(List<PromptPart> parts, String directions, List<Turn> said) {
        parts.add(PromptPart.special("<|begin_of_text|>"));
        if (!directions.isEmpty()) {
            parts.addAll(llama3Turn("system", directions));
            parts.add(PromptPart.special("<|eot_id|>"));
        }
        for (Turn turn : said) {
            parts.addAll(llama3Turn(name(turn), turn.text().strip()));
            parts.add(PromptPart.special("<|eot_id|>"));
        }
        parts.addAll(llama3Turn("assistant", answerPrefix));
    }

    private static List<PromptPart> llama3Turn(String name, String text) {
        return List.of(
                PromptPart.special("<|start_header_id|>"),
                PromptPart.text(name),
                PromptPart.special("<|end_header_id|>"),
                PromptPart.text("\n\n" + text));
    }

    /** Forms with brackets around the user's text. The system's text is in Llama 2's first user turn, else in the last. */
    private void bracketed(List<PromptPart> parts, String directions, List<Turn> said) {
        boolean llama2 = form == Form.LLAMA2;
        for (int i = 0; i < said.size(); i++) {
            String text = said.get(i).text();
            if (i == 0 || (llama2 && i % 2 == 0)) {
                parts.add(PromptPart.special("<s>"));
            }
            if (i % 2 == 1) {
                parts.add(PromptPart.text(" " + text.strip() + (llama2 ? " " : "")));
                parts.add(PromptPart.special(form.end));
                continue;
            }
            if (!directions.isEmpty() && i == (llama2 ? 0 : said.size() - 1)) {
                text = llama2 ? "<<SYS>>\n" + directions + "\n<</SYS>>\n\n" + text : directions + "\n\n" + text;
            }
            boolean marked = form == Form.MISTRAL;
            parts.add(new PromptPart("[INST]", marked));
            parts.add(PromptPart.text(" " + (llama2 ? text.strip() : text) + (marked ? "" : " ")));
            parts.add(new PromptPart("[/INST]", marked));
        }
        if (!answerPrefix.isEmpty()) {
            parts.add(PromptPart.text(answerPrefix));
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChatTemplate that
                && form == that.form
                && preamble.equals(that.preamble)
                && system.equals(that.system)
                && answerPrefix.equals(that.answerPrefix);
    }

    @Override
    public int hashCode() {
        return Objects.hash(form, preamble, system, answerPrefix);
    }

    @Override
    public String toString() {
        return "ChatTemplate " + form + (system.isEmpty() ? "" : " with system text \"" + system + "\"");
    }
}
