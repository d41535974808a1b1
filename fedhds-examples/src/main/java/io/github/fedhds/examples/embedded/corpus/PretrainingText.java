package io.github.fedhds.examples.embedded.corpus;

import java.util.List;
import java.util.function.Supplier;

/**
 * An endless sequence of short documents from which a base model learns the demo language and its skills, but not the
 * form of the instructions. A document depends only on the seed and its index, so many threads can generate any number,
 * in any order.
 */
public final class PretrainingText {
    private final long seed;

    public PretrainingText(long seed) {
        this.seed = seed;
    }

    /** Document {@code index} of this seed, about 30 to 180 words, without a line break at its end. */
    public String document(long index) {
        Dice dice = Dice.of(seed, index);
        int words = dice.between(40, 140);
        double shape = dice.between(0, 99) / 100.0;
        if (shape < 0.16) {
            return Stories.write(dice, words);
        }
        SkillForms.Page page = new SkillForms.Page(words);
        if (shape < 0.31) {
            SkillForms.sheet(page, dice);
        } else if (shape < 0.50) {
            Skill one = Skills.draw(dice);
            dice.pick(SkillForms.RUNS).write(page, dice, () -> solved(one, dice));
        } else if (shape < 0.70) {
            // two or three skills in turn, so that the task changes within the document
            List<Skill> few = List.of(Skills.draw(dice), Skills.draw(dice), Skills.draw(dice));
            mixed(page, dice, () -> solved(dice.pick(few), dice));
        } else {
            mixed(page, dice, () -> solved(Skills.draw(dice), dice));
        }
        return page.text();
    }

    private static void mixed(SkillForms.Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        dice.pick(SkillForms.MIXED).write(page, dice, next);
    }

    private static SkillGroup.Solved solved(Skill skill, Dice dice) {
        return new SkillGroup.Solved(skill, skill.example(dice, Side.OPEN));
    }
}
