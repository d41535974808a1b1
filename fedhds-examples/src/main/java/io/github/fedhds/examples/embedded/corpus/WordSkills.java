package io.github.fedhds.examples.embedded.corpus;

import java.util.List;
import java.util.function.UnaryOperator;

/** Skills that replace each word of a short list by another: plural, past, opposite, the day after. */
final class WordSkills {
    private WordSkills() {}

    static List<SkillGroup<?>> groups() {
        return List.of(opposites(), plurals(), singulars(), pasts(), presents(), days(), months(), numberWords());
    }

    private static String each(List<String> words, UnaryOperator<String> change) {
        return ListSkills.commas(words.stream().map(change).toList());
    }

    private static SkillGroup<List<String>> opposites() {
        return new SkillGroup<List<String>>(
                        "words",
                        dice -> dice.distinct(Lexicon.ADJECTIVES, dice.chance(0.7) ? 2 : 3),
                        ListSkills::commas)
                .skill(
                        "opposite",
                        Kind.REWRITING,
                        6,
                        list -> each(list, WordSkills::opposite),
                        new Wording(
                                "opposite",
                                List.of("opposite of each word", "opposite of the words", "opposites"),
                                List.of(
                                        "Give the opposite of each",
                                        "Turn each word into its opposite",
                                        "Find the opposites")));
    }

    private static String opposite(String adjective) {
        return Lexicon.OPPOSITES.getOrDefault(adjective, adjective);
    }

    private static SkillGroup<List<Lexicon.Noun>> plurals() {
        return new SkillGroup<List<Lexicon.Noun>>(
                        "words",
                        dice -> dice.distinct(Lexicon.NOUNS, dice.chance(0.7) ? 2 : 3),
                        list -> ListSkills.commas(
                                list.stream().map(Lexicon.Noun::singular).toList()))
                .skill(
                        "plural",
                        Kind.REWRITING,
                        4,
                        list -> ListSkills.commas(
                                list.stream().map(Lexicon.Noun::plural).toList()),
                        new Wording(
                                "plural",
                                List.of("plural of each word", "plural of the words", "plural form"),
                                List.of(
                                        "Give the plural of each",
                                        "Turn each word into its plural",
                                        "Make them plural")));
    }

    private static SkillGroup<List<Lexicon.Noun>> singulars() {
        return new SkillGroup<List<Lexicon.Noun>>(
                        "words",
                        dice -> dice.distinct(Lexicon.NOUNS, 2),
                        list -> ListSkills.commas(
                                list.stream().map(Lexicon.Noun::plural).toList()))
                .skill(
                        "singular",
                        Kind.REWRITING,
                        1,
                        list -> ListSkills.commas(
                                list.stream().map(Lexicon.Noun::singular).toList()),
                        new Wording(
                                "singular",
                                List.of("singular of each word", "singular form"),
                                List.of("Give the singular of each", "Make them singular")));
    }

    private static SkillGroup<List<Lexicon.Verb>> pasts() {
        return new SkillGroup<List<Lexicon.Verb>>(
                        "verbs",
                        dice -> dice.distinct(Lexicon.VERBS, dice.chance(0.7) ? 2 : 3),
                        list -> ListSkills.commas(
                                list.stream().map(Lexicon.Verb::base).toList()))
                .skill(
                        "past",
                        Kind.REWRITING,
                        3,
                        list -> ListSkills.commas(
                                list.stream().map(Lexicon.Verb::past).toList()),
                        new Wording(
                                "past",
                                List.of("past of each verb", "past tense", "verbs in the past tense"),
                                List.of(
                                        "Give the past of each",
                                        "Turn each verb into the past",
                                        "Put them in the past")));
    }

    private static SkillGroup<List<Lexicon.Verb>> presents() {
        return new SkillGroup<List<Lexicon.Verb>>(
                        "verbs",
                        dice -> dice.distinct(Lexicon.VERBS, 2),
                        list -> ListSkills.commas(
                                list.stream().map(Lexicon.Verb::past).toList()))
                .skill(
                        "present",
                        Kind.REWRITING,
                        1,
                        list -> ListSkills.commas(
                                list.stream().map(Lexicon.Verb::base).toList()),
                        new Wording(
                                "present",
                                List.of("present of each verb", "present tense"),
                                List.of("Give the present of each", "Put them in the present")));
    }

    private static SkillGroup<List<String>> days() {
        return new SkillGroup<List<String>>(
                        "days", dice -> dice.repeated(Lexicon.DAYS, dice.chance(0.7) ? 3 : 4), ListSkills::commas)
                .skill(
                        "day-after",
                        Kind.COMPLETION,
                        2,
                        list -> each(list, day -> Lexicon.after(Lexicon.DAYS, day)),
                        new Wording(
                                "day after",
                                List.of("day after each", "next day of each"),
                                List.of("Name the day after", "Which day comes next?", "Name the next day of each")))
                .skill(
                        "day-before",
                        Kind.COMPLETION,
                        1,
                        list -> each(list, day -> Lexicon.before(Lexicon.DAYS, day)),
                        new Wording(
                                "day before",
                                List.of("day before each"),
                                List.of("Name the day before", "Which day comes before?")));
    }

    private static SkillGroup<List<String>> months() {
        return new SkillGroup<List<String>>(
                        "months", dice -> dice.distinct(Lexicon.MONTHS, dice.chance(0.3) ? 2 : 3), ListSkills::commas)
                .skill(
                        "season",
                        Kind.CLASSIFICATION,
                        2,
                        list -> each(list, Lexicon::season),
                        new Wording(
                                "season",
                                List.of("season of each month", "seasons"),
                                List.of("Name the season of each", "In which season are they?", "Find the seasons")))
                .skill(
                        "month-after",
                        Kind.COMPLETION,
                        1,
                        list -> each(list, month -> Lexicon.after(Lexicon.MONTHS, month)),
                        new Wording(
                                "month after",
                                List.of("month after each", "next month of each"),
                                List.of("Name the month after", "Which month comes next?")));
    }

    private static SkillGroup<List<String>> numberWords() {
        return new SkillGroup<List<String>>(
                        "words",
                        dice -> dice.distinct(Lexicon.NUMBER_WORDS, dice.chance(0.5) ? 2 : 3),
                        ListSkills::commas)
                .skill(
                        "digits",
                        Kind.ARITHMETIC,
                        2,
                        list -> each(list, word -> String.valueOf(Lexicon.NUMBER_WORDS.indexOf(word))),
                        new Wording(
                                "digits",
                                List.of("words in digits", "number for each word"),
                                List.of("Write them in digits", "Turn the words into digits")));
    }
}
