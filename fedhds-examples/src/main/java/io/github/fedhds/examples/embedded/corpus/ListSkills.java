package io.github.fedhds.examples.embedded.corpus;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Skills on lists of numbers and of words: ordering, selecting, counting, joining. */
final class ListSkills {
    private static final List<Integer> NUMBERS =
            IntStream.rangeClosed(1, 40).boxed().toList();
    private static final List<String> WORDS = listWords();

    private ListSkills() {}

    static List<SkillGroup<?>> groups() {
        return List.of(numbers(), pairs(), words(), names(), oddOnes(), texts());
    }

    private static List<String> listWords() {
        List<String> words = new ArrayList<>(
                Lexicon.NOUNS.stream().map(Lexicon.Noun::singular).toList());
        words.addAll(Lexicon.COLOURS);
        words.addAll(Lexicon.ADJECTIVES);
        words.addAll(Lexicon.PLACES);
        return List.copyOf(words);
    }

    static String commas(List<?> members) {
        return members.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private static List<Integer> sorted(List<Integer> numbers, Comparator<Integer> order) {
        return numbers.stream().sorted(order).toList();
    }

    private static <T> List<T> reversed(List<T> list) {
        List<T> copy = new ArrayList<>(list);
        Collections.reverse(copy);
        return copy;
    }

    private static SkillGroup<List<Integer>> numbers() {
        return new SkillGroup<List<Integer>>(
                        "numbers", dice -> dice.distinct(NUMBERS, dice.chance(0.7) ? 3 : 4), ListSkills::commas)
                .skill(
                        "sort-ascending",
                        Kind.ORDERING,
                        5,
                        list -> commas(sorted(list, Comparator.naturalOrder())),
                        new Wording(
                                "ascending",
                                List.of(
                                        "numbers in ascending order",
                                        "numbers from small to large",
                                        "list sorted upward"),
                                List.of(
                                        "Sort the numbers upward",
                                        "Sort from small to large",
                                        "Sort in ascending order")))
                .skill(
                        "sort-descending",
                        Kind.ORDERING,
                        6,
                        list -> commas(sorted(list, Comparator.reverseOrder())),
                        new Wording(
                                "descending",
                                List.of(
                                        "numbers in descending order",
                                        "numbers from large to small",
                                        "list sorted downward"),
                                List.of(
                                        "Sort the numbers downward",
                                        "Sort from large to small",
                                        "Sort in descending order")))
                .skill(
                        "largest",
                        Kind.SELECTION,
                        4,
                        list -> String.valueOf(Collections.max(list)),
                        new Wording(
                                "largest",
                                List.of("largest number", "largest one", "largest of the numbers"),
                                List.of(
                                        "Find the largest",
                                        "Choose the largest number",
                                        "Pick the largest of the numbers")))
                .skill(
                        "smallest",
                        Kind.SELECTION,
                        5,
                        list -> String.valueOf(Collections.min(list)),
                        new Wording(
                                "smallest",
                                List.of("smallest number", "smallest one", "smallest of the numbers"),
                                List.of(
                                        "Find the smallest",
                                        "Choose the smallest number",
                                        "Pick the smallest of the numbers")))
                .skill(
                        "reverse-numbers",
                        Kind.ORDERING,
                        1,
                        list -> commas(reversed(list)),
                        new Wording(
                                "reverse",
                                List.of("numbers in reverse order", "reverse of the list"),
                                List.of("Reverse the numbers", "Turn the list around")))
                .skill(
                        "second-number",
                        Kind.SELECTION,
                        1,
                        list -> String.valueOf(list.get(1)),
                        new Wording(
                                "second",
                                List.of("second number", "number in second place"),
                                List.of("Choose the second number", "Name the second one")));
    }

    private static SkillGroup<List<Integer>> pairs() {
        return new SkillGroup<List<Integer>>("numbers", dice -> dice.distinct(NUMBERS, 2), ListSkills::commas)
                .skill(
                        "larger",
                        Kind.COMPARING,
                        3,
                        pair -> String.valueOf(Collections.max(pair)),
                        new Wording(
                                "larger",
                                List.of("larger number", "larger of the two"),
                                List.of("Name the larger number", "Which one is larger?")))
                .skill(
                        "smaller",
                        Kind.COMPARING,
                        3,
                        pair -> String.valueOf(Collections.min(pair)),
                        new Wording(
                                "smaller",
                                List.of("smaller number", "smaller of the two"),
                                List.of("Name the smaller number", "Which one is smaller?")))
                .skill(
                        "sum",
                        Kind.ARITHMETIC,
                        5,
                        pair -> String.valueOf(pair.get(0) + pair.get(1)),
                        new Wording(
                                "sum",
                                List.of("sum of the numbers", "sum", "total of the two"),
                                List.of("Add the numbers", "Add the two", "Count both together")))
                .skill(
                        "difference",
                        Kind.ARITHMETIC,
                        3,
                        pair -> String.valueOf(Math.abs(pair.get(0) - pair.get(1))),
                        new Wording(
                                "difference",
                                List.of("difference of the numbers", "difference"),
                                List.of("Take the smaller from the larger", "Subtract the smaller number")));
    }

    private static SkillGroup<List<String>> words() {
        return new SkillGroup<List<String>>(
                        "words", dice -> dice.distinct(WORDS, dice.between(3, 5)), ListSkills::commas)
                .skill(
                        "first-word",
                        Kind.SELECTION,
                        2,
                        list -> list.get(0),
                        new Wording(
                                "first",
                                List.of("first word", "first of the words", "word in first place"),
                                List.of("Choose the first word", "Name the first one", "Copy the first word only")))
                .skill(
                        "second-word",
                        Kind.SELECTION,
                        4,
                        list -> list.get(1),
                        new Wording(
                                "second",
                                List.of("second word", "second of the words", "word in second place"),
                                List.of("Choose the second word", "Name the second one", "Copy the second word only")))
                .skill(
                        "third-word",
                        Kind.SELECTION,
                        2,
                        list -> list.get(2),
                        new Wording(
                                "third",
                                List.of("third word", "third of the words", "word in third place"),
                                List.of("Choose the third word", "Name the third one", "Copy the third word only")))
                .skill(
                        "last-word",
                        Kind.SELECTION,
                        2,
                        list -> list.get(list.size() - 1),
                        new Wording(
                                "last",
                                List.of("last word", "last of the words", "word in last place"),
                                List.of("Choose the last word", "Name the last one", "Copy the last word only")))
                .skill(
                        "reverse-words",
                        Kind.ORDERING,
                        3,
                        list -> commas(reversed(list)),
                        new Wording(
                                "reverse",
                                List.of("words in reverse order", "reverse of the list"),
                                List.of("Reverse the words", "Turn the list around", "Begin with the last word")))
                .skill(
                        "join-and",
                        Kind.JOINING,
                        2,
                        list -> String.join(" and ", list),
                        new Wording(
                                "and",
                                List.of("words joined with and", "list with and between the words"),
                                List.of(
                                        "Join the words with and",
                                        "Put and between all of them",
                                        "Connect the words by and")))
                .skill(
                        "join-or",
                        Kind.JOINING,
                        4,
                        list -> String.join(" or ", list),
                        new Wording(
                                "or",
                                List.of("words joined with or", "list with or between the words"),
                                List.of(
                                        "Join the words with or",
                                        "Put or between all of them",
                                        "Connect the words by or")))
                .skill(
                        "count-words",
                        Kind.COUNTING,
                        2,
                        list -> String.valueOf(list.size()),
                        new Wording(
                                "count",
                                List.of("count of the words", "number of words"),
                                List.of("Count the words", "How many words are there?", "Count them")));
    }

    private static SkillGroup<List<String>> names() {
        return new SkillGroup<List<String>>(
                        "names", dice -> dice.distinct(Lexicon.PEOPLE, dice.between(3, 4)), ListSkills::commas)
                .skill(
                        "alphabetical",
                        Kind.ORDERING,
                        3,
                        list -> commas(list.stream().sorted().toList()),
                        new Wording(
                                "alphabetical",
                                List.of("names in alphabetical order", "names sorted from a to z"),
                                List.of("Sort the names by letter", "Sort in alphabetical order")))
                .skill(
                        "count-names",
                        Kind.COUNTING,
                        1,
                        list -> String.valueOf(list.size()),
                        new Wording(
                                "count",
                                List.of("count of the names", "number of names"),
                                List.of("Count the names", "How many names are there?")));
    }

    private static SkillGroup<List<Lexicon.Noun>> oddOnes() {
        return new SkillGroup<List<Lexicon.Noun>>(
                        "words",
                        ListSkills::oddList,
                        list -> commas(list.stream().map(Lexicon.Noun::singular).toList()))
                .skill(
                        "odd-one-out",
                        Kind.SELECTION,
                        3,
                        ListSkills::oddOne,
                        new Wording(
                                "odd one",
                                List.of("odd one out", "word that does not fit", "odd word"),
                                List.of("Name the odd one out", "Which word does not fit?", "Find the odd word")));
    }

    private static List<Lexicon.Noun> oddList(Dice dice) {
        List<List<Lexicon.Noun>> two = dice.distinct(Lexicon.CATEGORIES, 2);
        List<Lexicon.Noun> list = dice.distinct(two.get(0), 3);
        list.add(dice.between(0, 3), dice.pick(two.get(1)));
        return list;
    }

    private static String oddOne(List<Lexicon.Noun> list) {
        for (Lexicon.Noun noun : list) {
            if (list.stream()
                            .filter(other -> other.category().equals(noun.category()))
                            .count()
                    == 1) {
                return noun.singular();
            }
        }
        throw new IllegalStateException("no odd one among " + list);
    }

    private static SkillGroup<String> texts() {
        return new SkillGroup<String>("text", ListSkills::shortText, text -> text)
                .skill(
                        "repeat",
                        Kind.COPYING,
                        2,
                        text -> text,
                        new Wording(
                                "same",
                                List.of("same text", "text again", "text without any change"),
                                List.of("Repeat the text", "Copy the text", "Copy it without a change")))
                .skill(
                        "twice",
                        Kind.COPYING,
                        4,
                        text -> text + " " + text,
                        new Wording(
                                "twice",
                                List.of("text twice", "same text two times", "text two times"),
                                List.of(
                                        "Repeat it twice",
                                        "Copy the text two times",
                                        "Say it two times",
                                        "Repeat the text twice")))
                .skill(
                        "three-times",
                        Kind.COPYING,
                        2,
                        text -> text + " " + text + " " + text,
                        new Wording(
                                "three times",
                                List.of("text three times", "same text three times"),
                                List.of("Repeat it three times", "Copy the text three times", "Say it three times")));
    }

    private static String shortText(Dice dice) {
        String noun = dice.pick(Lexicon.NOUNS).singular();
        return switch (dice.between(0, 4)) {
            case 0 -> dice.pick(Lexicon.LOOKS) + " " + noun;
            case 1 -> dice.pick(Lexicon.COLOURS) + " " + noun;
            case 2 -> dice.pick(Lexicon.PEOPLE) + " and " + dice.pick(Lexicon.PEOPLE);
            case 3 -> dice.pick(Lexicon.LOOKS) + " " + dice.pick(Lexicon.COLOURS) + " " + noun;
            default -> dice.between(2, 20) + " " + dice.pick(Lexicon.NOUNS).plural();
        };
    }
}
