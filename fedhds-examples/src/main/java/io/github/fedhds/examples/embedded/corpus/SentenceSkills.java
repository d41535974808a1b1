package io.github.fedhds.examples.embedded.corpus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Skills on one sentence: extracting parts, and rewriting it. */
final class SentenceSkills {
    private static final List<String> EVENT_VERBS =
            Lexicon.words("bought found sold lost carried painted washed brought saw took drew pulled");

    /** An action of one person; parts that the sentence omits are empty. */
    private record Event(
            String person,
            String animal,
            String verb,
            String number,
            String colour,
            String thing,
            String place,
            String day,
            int order) {}

    private record Sentence(String text, String changed) {}

    private SentenceSkills() {}

    static List<SkillGroup<?>> groups() {
        return List.of(
                events(),
                rewriting(
                        "he-she",
                        3,
                        dice -> new Sentence(personal(dice, true), ""),
                        new Wording(
                                "she",
                                List.of("same sentence with she and her", "sentence for a woman"),
                                List.of(
                                        "Turn he into she",
                                        "Put she for he and her for his",
                                        "Change he to she",
                                        "Rewrite it for her"))),
                rewriting(
                        "she-he",
                        5,
                        dice -> new Sentence(personal(dice, false), ""),
                        new Wording(
                                "he",
                                List.of("same sentence with he and his", "sentence for a man"),
                                List.of(
                                        "Turn she into he",
                                        "Put he for she and his for her",
                                        "Change she to he",
                                        "Rewrite it for him"))),
                descriptions(),
                replacements(),
                passives(),
                actives());
    }

    private static SkillGroup<Event> events() {
        return new SkillGroup<Event>("sentence", SentenceSkills::event, SentenceSkills::text)
                .skill("name", Kind.EXTRACTION, 2, Event::person, mention("name", "person", "Who is it about?"))
                .skill("place", Kind.EXTRACTION, 2, Event::place, mention("place", "place", "Where was it?"))
                .skill("number", Kind.EXTRACTION, 2, Event::number, mention("number", "number", "How many were there?"))
                .skill(
                        "object",
                        Kind.EXTRACTION,
                        2,
                        Event::thing,
                        mention("object", "thing", "Which things were there?"))
                .skill("day", Kind.EXTRACTION, 2, Event::day, mention("day", "day", "When was it?"))
                .skill("colour", Kind.EXTRACTION, 4, Event::colour, mention("colour", "colour", "Which colour has it?"))
                .skill(
                        "animal",
                        Kind.EXTRACTION,
                        4,
                        Event::animal,
                        mention("animal", "animal", "Which animal was there?"));
    }

    private static Wording mention(String label, String what, String question) {
        return new Wording(
                label,
                List.of(label + " in the sentence", what + " in it", label, what + " that is named"),
                List.of(
                        question,
                        "Find the " + label,
                        "Extract the " + what,
                        "Which " + what + " is mentioned?",
                        "Read it and name the " + what));
    }

    private static Event event(Dice dice) {
        return new Event(
                dice.pick(Lexicon.PEOPLE),
                dice.chance(0.6) ? dice.pick(Lexicon.ANIMALS).singular() : "",
                dice.pick(EVENT_VERBS),
                dice.chance(0.6) ? String.valueOf(dice.between(2, 20)) : "",
                dice.chance(0.7) ? dice.pick(Lexicon.COLOURS) : "",
                dice.pick(Lexicon.THINGS).plural(),
                dice.chance(0.7) ? dice.pick(Lexicon.PLACES) : "",
                dice.chance(0.6) ? dice.pick(Lexicon.DAYS) : "",
                dice.between(0, 2));
    }

    private static String text(Event event) {
        String with = event.animal().isEmpty()
                ? ""
                : "and " + (Lexicon.isWoman(event.person()) ? "her " : "his ") + event.animal();
        String at = event.place().isEmpty() ? "" : "the " + event.place();
        List<String> parts = new ArrayList<>();
        if (event.order() == 1 && !event.day().isEmpty()) {
            parts.add("On " + event.day());
        } else if (event.order() == 2 && !at.isEmpty()) {
            parts.add("At " + at);
        }
        parts.addAll(List.of(event.person(), with, event.verb(), event.number(), event.colour(), event.thing()));
        if (event.order() != 2 && !at.isEmpty()) {
            parts.add("at " + at);
        }
        if (event.order() != 1 && !event.day().isEmpty()) {
            parts.add("on " + event.day());
        }
        return parts.stream().filter(part -> !part.isEmpty()).collect(Collectors.joining(" ")) + ".";
    }

    private static SkillGroup<Sentence> rewriting(
            String id, int weight, Function<Dice, Sentence> draw, Wording wording) {
        return new SkillGroup<Sentence>("sentence", draw, Sentence::text)
                .skill(id, Kind.REWRITING, weight, SentenceSkills::turned, wording);
    }

    /** The changed sentence if one was drawn with it, else the other person's version. */
    private static String turned(Sentence sentence) {
        if (!sentence.changed().isEmpty()) {
            return sentence.changed();
        }
        return Arrays.stream(sentence.text().split(" "))
                .map(SentenceSkills::other)
                .collect(Collectors.joining(" "));
    }

    private static String other(String word) {
        return switch (word) {
            case "He" -> "She";
            case "he" -> "she";
            case "his" -> "her";
            case "She" -> "He";
            case "she" -> "he";
            case "her" -> "his";
            default -> word;
        };
    }

    private static String personal(Dice dice, boolean man) {
        String she = man ? "he" : "she";
        String start = man ? "He" : "She";
        String her = man ? "his" : "her";
        String thing = her + " " + dice.pick(dice.pick(Lexicon.COLOURS), dice.pick(Lexicon.LOOKS)) + " "
                + dice.pick(Lexicon.THINGS).singular();
        String place = dice.pick(Lexicon.PLACES);
        return switch (dice.between(0, 4)) {
            case 0 -> start + " " + dice.pick(EVENT_VERBS) + " " + thing + " at the " + place + ".";
            case 1 -> "In " + dice.pick(Lexicon.MONTHS) + " " + she + " " + dice.pick(EVENT_VERBS) + " " + thing + ".";
            case 2 ->
                start + " and " + her + " " + dice.pick(Lexicon.ANIMALS).singular() + " went to the " + place + ".";
            case 3 -> start + " said that " + she + " " + dice.pick(EVENT_VERBS) + " " + thing + ".";
            default ->
                "On " + dice.pick(Lexicon.DAYS) + " " + she + " gave " + dice.pick(Lexicon.PEOPLE) + " " + thing + ".";
        };
    }

    private static SkillGroup<String> descriptions() {
        return new SkillGroup<String>("sentence", SentenceSkills::description, text -> text)
                .skill(
                        "negation",
                        Kind.REWRITING,
                        2,
                        text -> text.replaceFirst(" is ", " is not "),
                        new Wording(
                                "not",
                                List.of("sentence with not", "negative form"),
                                List.of("Put not in the sentence", "Say that it is not so", "Rewrite it as negative")))
                .skill(
                        "question",
                        Kind.REWRITING,
                        1,
                        SentenceSkills::question,
                        new Wording(
                                "question",
                                List.of("sentence as a question", "question form"),
                                List.of("Turn it into a question", "Make it a question")));
    }

    private static String description(Dice dice) {
        String noun = dice.pick(Lexicon.NOUNS).singular();
        return switch (dice.between(0, 2)) {
            case 0 -> "The " + dice.pick(Lexicon.COLOURS) + " " + noun + " is " + dice.pick(Lexicon.LOOKS) + ".";
            case 1 -> "The " + noun + " is at the " + dice.pick(Lexicon.PLACES) + ".";
            default -> dice.pick(Lexicon.PEOPLE) + " is at the " + dice.pick(Lexicon.PLACES) + ".";
        };
    }

    private static String question(String description) {
        int verb = description.indexOf(" is ");
        String subject = description.substring(0, verb).replace("The ", "the ");
        return "Is " + subject + description.substring(verb + 3, description.length() - 1) + "?";
    }

    private static SkillGroup<Sentence> replacements() {
        return rewriting(
                "replace",
                2,
                SentenceSkills::replacement,
                new Wording(
                        "new word",
                        List.of("sentence with the new word", "sentence with the other word"),
                        List.of(
                                "Replace the first word by the other",
                                "Put the new word for the old one",
                                "Replace it")));
    }

    private static Sentence replacement(Dice dice) {
        List<Lexicon.Noun> two = dice.distinct(Lexicon.NOUNS, 2);
        String old = two.get(0).singular();
        String place = dice.pick(Lexicon.PLACES);
        String look = dice.pick(dice.pick(Lexicon.COLOURS), dice.pick(Lexicon.LOOKS));
        String pattern = switch (dice.between(0, 2)) {
            case 0 -> "The %s is " + look + ".";
            case 1 -> dice.pick(Lexicon.PEOPLE) + " saw the " + look + " %s at the " + place + ".";
            default -> "The " + look + " %s is at the " + place + ".";
        };
        return new Sentence(
                old + ", " + two.get(1).singular() + ": " + String.format(pattern, old),
                String.format(pattern, two.get(1).singular()));
    }

    private static SkillGroup<Sentence> passives() {
        return rewriting(
                "active",
                2,
                dice -> {
                    String[] both = deed(dice);
                    return new Sentence(both[1], both[0]);
                },
                new Wording(
                        "active",
                        List.of("active sentence", "active form"),
                        List.of("Begin with the person", "Rewrite it as active", "Change it to active")));
    }

    private static SkillGroup<Sentence> actives() {
        return rewriting(
                "passive",
                1,
                dice -> {
                    String[] both = deed(dice);
                    return new Sentence(both[0], both[1]);
                },
                new Wording(
                        "passive",
                        List.of("passive sentence", "passive form"),
                        List.of("Begin with the thing", "Make it passive")));
    }

    /** An action in active and passive voice. */
    private static String[] deed(Dice dice) {
        String person = dice.pick(Lexicon.PEOPLE);
        String verb = dice.pick(Lexicon.DEEDS);
        String thing = dice.pick(dice.pick(Lexicon.COLOURS), dice.pick(Lexicon.LOOKS)) + " "
                + dice.pick(Lexicon.THINGS).singular();
        return new String[] {
            person + " " + verb + " the " + thing + ".", "The " + thing + " was " + verb + " by " + person + "."
        };
    }
}
