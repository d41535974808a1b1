package io.github.fedhds.examples.embedded.corpus;

import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Forms of skill examples in the pre-training text. None of them is the form of the later instructions: the base model
 * should know the skills, and learn the form from the clients.
 */
final class SkillForms {
    /** Writes solved examples until the document has about {@code words} words. */
    @FunctionalInterface
    interface Form {
        void write(Page page, Dice dice, Supplier<SkillGroup.Solved> next);
    }

    /** Unfinished text with its target length. */
    static final class Page {
        private final StringBuilder text = new StringBuilder();
        private final int words;
        private int written;

        Page(int words) {
            this.words = words;
        }

        /** Adds the pieces unchanged. */
        Page add(String... pieces) {
            for (String piece : pieces) {
                text.append(piece);
                written += (int) piece.chars().filter(Character::isWhitespace).count();
            }
            return this;
        }

        boolean hasRoom() {
            return written < words;
        }

        String text() {
            return text.toString().strip();
        }
    }

    private record Heads(String order, String input, String answer) {}

    private static final List<Heads> HEADS = List.of(
            new Heads("Task", "Text", "Answer"),
            new Heads("Exercise", "Given", "Solution"),
            new Heads("Order", "Words", "Reply"),
            new Heads("Question", "Data", "Result"),
            new Heads("Work", "From", "Output"),
            new Heads("To do", "Here", "Done"),
            new Heads("Job", "List", "Answer"),
            new Heads("Problem", "Text", "Result"));

    /** Forms for any sequence of skills. */
    static final List<Form> MIXED = List.of(
            SkillForms::dialogue,
            SkillForms::quiz,
            SkillForms::fields,
            SkillForms::sections,
            SkillForms::story,
            SkillForms::statements,
            SkillForms::notes,
            SkillForms::fillIn,
            SkillForms::lesson,
            SkillForms::letter,
            SkillForms::cards);

    /** Forms with one skill as the heading of a list of its examples. */
    static final List<Form> RUNS =
            List.of(SkillForms::arrows, SkillForms::table, SkillForms::lines, SkillForms::headed, SkillForms::fields);

    private SkillForms() {}

    private static String ask(SkillGroup.Solved solved, Dice dice) {
        Wording wording = solved.skill().wording();
        return dice.chance(0.3) ? wording.question(dice) : ended(wording.order(dice), ":");
    }

    /** The order with the punctuation mark, unless it is a question. */
    private static String ended(String order, String mark) {
        return order.endsWith("?") ? order : order + mark;
    }

    static String lowered(String text) {
        return text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
    }

    /** An answer at the end of a line of prose; sentences already have a full stop. */
    private static String closed(String answer) {
        return answer.endsWith(".") || answer.endsWith("?") ? answer : answer + ".";
    }

    private static void dialogue(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        List<String> two = dice.distinct(Lexicon.PEOPLE, 2);
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            page.add(
                    two.get(0),
                    ": ",
                    ask(solved, dice),
                    dice.pick(" ", "\n"),
                    solved.example().input(),
                    "\n");
            page.add(two.get(1), ": ", solved.example().answer(), "\n");
            if (dice.chance(0.15)) {
                page.add(two.get(0), ": ", dice.pick("Good.", "Thank you!", "That is right.", "Well done!"), "\n");
            }
        }
    }

    private static void quiz(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        page.add(dice.pick("### Quiz", "Quiz", "# Exam", "## Questions for the class"), "\n");
        for (int i = 1; page.hasRoom(); i++) {
            SkillGroup.Solved solved = next.get();
            page.add(i + ". ", ask(solved, dice), " ", solved.example().input(), "\n");
            page.add(
                    dice.pick("Answer: ", "Solution: ", "-> "), solved.example().answer(), "\n");
        }
    }

    private static void fields(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        Heads heads = dice.pick(HEADS);
        String gap = dice.pick("\n", "\n\n");
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            page.add(heads.order(), ": ", ended(solved.skill().wording().order(dice), "."), "\n");
            page.add(heads.input(), ": ", solved.example().input(), "\n");
            page.add(heads.answer(), ": ", solved.example().answer(), gap);
        }
    }

    private static void sections(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        Heads heads = dice.pick(HEADS);
        String mark = dice.pick("# ", "## ", "");
        String end = mark.isEmpty() ? ":\n" : "\n";
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            page.add(mark, heads.order(), end, ended(solved.skill().wording().order(dice), "."), "\n\n");
            page.add(mark, heads.input(), end, solved.example().input(), "\n\n");
            page.add(mark, heads.answer(), end, solved.example().answer(), "\n\n");
        }
    }

    private static void story(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        String person = dice.pick(Lexicon.PEOPLE);
        String she = Lexicon.isWoman(person) ? "She" : "He";
        String her = Lexicon.isWoman(person) ? "Her" : "His";
        page.add(
                person,
                dice.pick(" had a task.", " sat in the school.", " got a letter with a request.", " had a quiz."));
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            String noun = solved.skill().noun();
            page.add(
                    " ",
                    dice.pick(
                            "The " + noun + " said: ",
                            she + (noun.endsWith("s") ? " read these " : " read this ") + noun + ": ",
                            "Below was this: "));
            page.add(closed(solved.example().input()), " ", she, " had to ");
            page.add(
                    dice.pick("find", "give", "write"),
                    " the ",
                    solved.skill().wording().phrase(dice),
                    ". ");
            page.add(
                    her,
                    dice.pick(" response", " answer", " reply"),
                    " was: ",
                    closed(solved.example().answer()),
                    "\n");
        }
    }

    private static void statements(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            String phrase = solved.skill().wording().phrase(dice);
            String noun = solved.skill().noun();
            String input = solved.example().input();
            String answer = solved.example().answer();
            switch (dice.between(0, 2)) {
                case 0 -> page.add("For the ", noun, " ", input, " the ", phrase, " is ", answer);
                case 1 -> page.add("Take the ", noun, ": ", input, "\nThen the ", phrase, " is ", answer);
                default ->
                    page.add("Here is ", noun.endsWith("s") ? "a list of " + noun : "a " + noun, ": ", input)
                            .add("\nThe ", phrase, ": ", answer);
            }
            page.add(closed(answer).equals(answer) ? "\n" : ".\n");
        }
    }

    private static void notes(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        page.add("### ", dice.pick("Notes", "Notes of the day", "Things to know"), "\n");
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            page.add(
                    "- ",
                    solved.skill().wording().phrase(dice),
                    ": ",
                    solved.example().input());
            page.add(dice.pick(" = ", " -> "), solved.example().answer(), "\n");
        }
    }

    private static void fillIn(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        page.add(dice.pick("Fill the empty places.", "Complete each line.", "What is missing?"), "\n");
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            page.add(
                    solved.example().input(),
                    dice.pick("\n", " | "),
                    "the ",
                    solved.skill().wording().phrase(dice));
            page.add(
                    " is ___ . ",
                    dice.pick("Missing: ", "It is: ", "Completed: "),
                    solved.example().answer(),
                    "\n");
        }
    }

    private static void lesson(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        String pupil = dice.pick(Lexicon.PEOPLE);
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            page.add("The teacher said: ", ended(solved.skill().wording().order(dice), "."), "\n");
            page.add("On the board was: ", solved.example().input(), "\n");
            page.add(
                    pupil,
                    dice.pick(" wrote: ", " said: ", " answered: "),
                    solved.example().answer(),
                    "\n");
            if (dice.chance(0.3)) {
                page.add(dice.pick("That was right.\n", "The answer was correct.\n", "The work was complete.\n"));
            }
        }
    }

    private static void letter(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        List<String> two = dice.distinct(Lexicon.PEOPLE, 2);
        page.add("Dear ", two.get(0), ",\n");
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            page.add(dice.pick("you asked me: ", "here is your request: ", "you wrote: "));
            page.add(
                    ended(lowered(solved.skill().wording().order(dice)), "."),
                    " ",
                    solved.example().input(),
                    "\n");
            page.add(
                    dice.pick("My answer is: ", "My response: ", "I think it is: "),
                    solved.example().answer(),
                    "\n");
        }
        page.add(dice.pick("Your friend ", "Yours, "), two.get(1));
    }

    private static void cards(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        while (page.hasRoom()) {
            SkillGroup.Solved solved = next.get();
            Wording wording = solved.skill().wording();
            page.add("Card: ", dice.chance(0.5) ? wording.label() : wording.phrase(dice), "\n");
            page.add(
                    "Front: ",
                    solved.example().input(),
                    "\nBack: ",
                    solved.example().answer(),
                    "\n\n");
        }
    }

    private static void arrows(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        SkillGroup.Solved solved = next.get();
        page.add(ended(solved.skill().wording().order(dice), "."), "\n");
        for (; page.hasRoom(); solved = next.get()) {
            page.add(solved.example().input(), " -> ", solved.example().answer(), "\n");
        }
    }

    private static void table(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        SkillGroup.Solved solved = next.get();
        page.add("| ", solved.skill().noun(), " | ", solved.skill().wording().label(), " |\n");
        for (; page.hasRoom(); solved = next.get()) {
            page.add("| ", solved.example().input(), " | ", solved.example().answer(), " |\n");
        }
    }

    private static void lines(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        SkillGroup.Solved solved = next.get();
        page.add(solved.skill().wording().order(dice), "\n\n");
        for (; page.hasRoom(); solved = next.get()) {
            page.add(solved.example().input(), "\n", solved.example().answer(), "\n\n");
        }
    }

    private static void headed(Page page, Dice dice, Supplier<SkillGroup.Solved> next) {
        SkillGroup.Solved solved = next.get();
        String head = dice.pick("In: ", "Before: ", "Given: ");
        String tail = dice.pick("Out: ", "After: ", "Output: ");
        page.add("### The ", solved.skill().wording().phrase(dice), "\n");
        for (; page.hasRoom(); solved = next.get()) {
            page.add(
                    head, solved.example().input(), "\n", tail, solved.example().answer(), "\n");
        }
    }

    /** One input, followed by one line per skill that fits it. */
    static void sheet(Page page, Dice dice) {
        String mark = dice.pick(": ", " = ", " -> ");
        while (page.hasRoom()) {
            List<SkillGroup.Solved> sheet = Skills.sheet(dice);
            List<SkillGroup.Solved> shown = dice.distinct(sheet, Math.min(sheet.size(), dice.between(3, 6)));
            page.add(
                    dice.pick("Text: ", "Given: ", "Look at this: "),
                    shown.get(0).example().input(),
                    "\n");
            for (SkillGroup.Solved solved : shown) {
                Wording wording = solved.skill().wording();
                String line = dice.chance(0.4) ? wording.order(dice) : wording.phrase(dice);
                page.add(
                        line.endsWith("?") ? line + " " : line + mark,
                        solved.example().answer(),
                        "\n");
            }
            page.add("\n");
        }
    }
}
