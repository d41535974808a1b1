package io.github.fedhds.instruction;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InstructionTest {
    private static List<Turn> turns(String letters) {
        List<Turn> turns = new ArrayList<>();
        for (char letter : letters.toCharArray()) {
            Turn.Role role = letter == 's' ? Turn.Role.SYSTEM : letter == 'u' ? Turn.Role.USER : Turn.Role.ASSISTANT;
            turns.add(new Turn(role, letter + "" + turns.size()));
        }
        return turns;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "u | must end with a turn of role ASSISTANT, was USER",
                "suau | must end with a turn of role ASSISTANT, was USER",
                "a | turn 1 of the history must be of role USER, was ASSISTANT",
                "sua a | turn 4 of the history must be of role USER, was ASSISTANT",
                "us | turn 2 of the history must be of role ASSISTANT, was SYSTEM",
                "ss | turn 2 of the history must be of role USER, was SYSTEM",
            })
    void history_inAnotherOrder_isRefused(String letters, String error) {
        assertFails(
                IllegalArgumentException.class,
                () -> new Instruction("i", "", "o", "", turns(letters.replace(" ", ""))),
                error);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | i",
                "s | s0++i",
                "ua | User: u0+Assistant: a1+User: i",
                "suaua | s0++User: u1+Assistant: a2+User: u3+Assistant: a4+User: i",
            })
    void withoutTurns_hasThemInTheInstruction(String letters, String text) {
        Instruction sample = new Instruction("i", "in", "o", "t", turns(letters));
        assertEquals(new Instruction(text.replace('+', '\n'), "in", "o", "t"), sample.withoutTurns());
        assertEquals(sample.withoutTurns().instruction(), prompt(one -> one.instruction(), sample));
    }

    private static String prompt(PromptTemplate template, Instruction sample) {
        return template.parts(sample).stream().map(PromptPart::text).collect(Collectors.joining());
    }

    @Test
    void withoutTurns_ofOneTurn_isTheSample() {
        Instruction sample = new Instruction("i", "", "o");
        assertSame(sample, sample.withoutTurns());
        assertEquals(
                new Instruction("i", "", "o"),
                sample.withHistory(List.of(Turn.system(" "))).withoutTurns());
    }

    @Test
    void copies_keepTheOtherParts() {
        List<Turn> turns = new ArrayList<>(turns("ua"));
        Instruction sample = new Instruction("i", "in", "o", "t", turns);
        turns.clear();
        Instruction changed =
                sample.withInput("a").withInstruction("b").withTask("c").withHistory(turns("s"));
        assertEquals(new Instruction("b", "a", "o", "c", turns("s")), changed);
        assertEquals(
                turns("ua"),
                sample.withInput("").withInstruction("").withTask("").history());
    }

    @Test
    @SuppressWarnings("NullAway")
    void nullParts_areRefusedByName() {
        assertFails(
                NullPointerException.class,
                () -> new Instruction("i", "", "o", "", null),
                "history of an instruction is null");
    }
}
