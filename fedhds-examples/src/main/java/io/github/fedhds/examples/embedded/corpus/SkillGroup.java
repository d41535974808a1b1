package io.github.fedhds.examples.embedded.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Skills with the same kind of input. A group allows a work sheet with several questions about one input, which teaches
 * that the words of the question define the task, not the appearance of the input.
 *
 * @param <A> the input before it is converted to text
 */
final class SkillGroup<A> {
    /** A skill with one of its examples. */
    record Solved(Skill skill, Example example) {}

    private record Member<A>(Skill skill, Function<A, String> answer) {}

    private final String noun;
    private final Function<Dice, A> draw;
    private final Function<A, String> text;
    private final List<Member<A>> members = new ArrayList<>();

    SkillGroup(String noun, Function<Dice, A> draw, Function<A, String> text) {
        this.noun = noun;
        this.draw = draw;
        this.text = text;
    }

    /** Adds a skill; an empty answer means that the skill does not fit the input. */
    SkillGroup<A> skill(String id, Kind kind, int weight, Function<A, String> answer, Wording wording) {
        Skill skill = new Skill(id, kind, weight, noun, wording, (dice, side) -> example(dice, side, answer));
        members.add(new Member<>(skill, answer));
        return this;
    }

    List<Skill> skills() {
        return members.stream().map(Member::skill).toList();
    }

    /** All skills that fit one input. */
    List<Solved> sheet(Dice dice) {
        A argument = draw.apply(dice);
        while (Side.of(text.apply(argument)) != Side.OPEN) {
            argument = draw.apply(dice);
        }
        String input = text.apply(argument);
        List<Solved> solved = new ArrayList<>();
        for (Member<A> member : members) {
            String answer = member.answer().apply(argument);
            if (fits(input, answer, Side.OPEN)) {
                solved.add(new Solved(member.skill(), new Example(input, answer)));
            }
        }
        return solved;
    }

    private Example example(Dice dice, Side side, Function<A, String> answer) {
        while (true) {
            A argument = draw.apply(dice);
            String input = text.apply(argument);
            String output = answer.apply(argument);
            if (fits(input, output, side)) {
                return new Example(input, output);
            }
        }
    }

    /** On the open side, an answer that could also be an input (a list or a sentence) must be on the open side too. */
    private static boolean fits(String input, String answer, Side side) {
        if (answer.isEmpty() || Side.of(input) != side) {
            return false;
        }
        boolean likeAnInput = answer.contains(", ") || answer.endsWith(".");
        return side == Side.HELD_OUT || !likeAnInput || Side.of(answer) == Side.OPEN;
    }
}
