package io.github.fedhds.examples.embedded.corpus;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Skills of text understanding: classes of things, and answers from a passage. */
final class TextSkills {
    private record Labelled(String text, String label) {}

    private record Deed(String person, String verb, String colour, String thing, String place, String day) {
        String sentence() {
            return person + " " + verb + " a " + colour + " " + thing + " at the " + place + " on " + day + ".";
        }
    }

    private static final List<String> GOOD = Lexicon.words("great lovely wonderful nice excellent");
    private static final List<String> BAD = Lexicon.words("terrible awful boring ugly horrible");
    private static final List<String> REVIEWED = Lexicon.words("film meal room show song hotel book trip");

    private static final List<List<String>> TOPICS = List.of(
            Lexicon.words("sport team game goal race player"),
            Lexicon.words("weather rain snow wind storm cloud"),
            Lexicon.words("food bread soup cheese cake rice"),
            Lexicon.words("music song band piano drum concert"),
            Lexicon.words("school lesson teacher pupil exam class"),
            Lexicon.words("travel ticket hotel trip map passenger"));

    private TextSkills() {}

    static List<SkillGroup<?>> groups() {
        return List.of(
                labelled(
                        "category",
                        Kind.CLASSIFICATION,
                        3,
                        "words",
                        TextSkills::category,
                        new Wording(
                                "category",
                                List.of("category", "category of the thing", "kind of thing"),
                                List.of(
                                        "Name the category",
                                        "What kind of thing is it?",
                                        "Decide to which kind it belongs"))),
                labelled(
                        "fact",
                        Kind.CLASSIFICATION,
                        2,
                        "sentence",
                        TextSkills::fact,
                        new Wording(
                                "fact",
                                List.of("yes or no answer", "truth about it"),
                                List.of("Say yes or no", "Is it true?", "Decide if the fact is true"))),
                labelled(
                        "sentiment",
                        Kind.CLASSIFICATION,
                        2,
                        "review",
                        TextSkills::review,
                        new Wording(
                                "sentiment",
                                List.of("sentiment", "sentiment of the review", "feeling in it"),
                                List.of(
                                        "Is it positive or negative?",
                                        "Name the sentiment",
                                        "Decide if it is positive or negative"))),
                labelled(
                        "topic",
                        Kind.CLASSIFICATION,
                        2,
                        "sentence",
                        TextSkills::topic,
                        new Wording(
                                "topic",
                                List.of("topic", "topic of the sentence"),
                                List.of("Name the topic", "What is it about?"))),
                labelled(
                        "story-sum",
                        Kind.ARITHMETIC,
                        3,
                        "story",
                        TextSkills::storySum,
                        new Wording(
                                "result",
                                List.of("result of the story", "number at the end"),
                                List.of("Work out the number", "Add up the story"))),
                passage("passage-place", 2, "place", "Where"),
                passage("passage-person", 2, "person", "Who"),
                passage("passage-colour", 2, "colour", "Which colour"),
                passage("passage-day", 4, "day", "When"));
    }

    private static SkillGroup<Labelled> labelled(
            String id, Kind kind, int weight, String noun, Function<Dice, Labelled> draw, Wording wording) {
        return new SkillGroup<Labelled>(noun, draw, Labelled::text).skill(id, kind, weight, Labelled::label, wording);
    }

    private static SkillGroup<Labelled> passage(String id, int weight, String what, String asks) {
        return labelled(
                id,
                Kind.QUESTION_ANSWERING,
                weight,
                "passage",
                dice -> question(dice, asks),
                new Wording(
                        what,
                        List.of("answer", what + " in question", "right " + what),
                        List.of(
                                "Answer the question",
                                "Read and answer",
                                "Find the right " + what,
                                "Look for the " + what)));
    }

    private static Labelled category(Dice dice) {
        Lexicon.Noun noun = dice.pick(dice.pick(Lexicon.CATEGORIES));
        String look = dice.pick(Lexicon.LOOKS);
        return new Labelled(Lexicon.article(look) + " " + look + " " + noun.singular(), noun.category());
    }

    private static Labelled fact(Dice dice) {
        Labelled thing = category(dice);
        String claimed = dice.chance(0.5)
                ? thing.label()
                : dice.pick(Lexicon.CATEGORIES).get(0).category();
        String article =
                claimed.equals("clothing") || claimed.equals("furniture") ? "" : Lexicon.article(claimed) + " ";
        String subject = thing.text().substring(0, 1).toUpperCase(Locale.ROOT)
                + thing.text().substring(1);
        return new Labelled(subject + " is " + article + claimed + ".", claimed.equals(thing.label()) ? "yes" : "no");
    }

    private static Labelled review(Dice dice) {
        boolean good = dice.chance(0.5);
        String word = dice.pick(good ? GOOD : BAD);
        String thing = dice.pick(REVIEWED);
        String end = good
                ? dice.pick("I want to see it again.", "We were very happy.", "I can only praise it.")
                : dice.pick("I never want to see it again.", "We were very sad.", "I want my money back.");
        String middle = dice.pick("on " + dice.pick(Lexicon.DAYS), "at the " + dice.pick(Lexicon.PLACES), "");
        String start =
                dice.pick("The " + thing + " was " + word, "What " + Lexicon.article(word) + " " + word + " " + thing);
        return new Labelled(
                start + (middle.isEmpty() ? "" : " " + middle) + ". " + end, good ? "positive" : "negative");
    }

    private static Labelled topic(Dice dice) {
        List<String> topic = dice.pick(TOPICS);
        List<String> two = dice.distinct(topic.subList(1, topic.size()), 2);
        String person = dice.pick(Lexicon.PEOPLE);
        String day = dice.pick(Lexicon.DAYS);
        String text = switch (dice.between(0, 2)) {
            case 0 -> person + " spoke about the " + two.get(0) + " and the " + two.get(1) + " on " + day + ".";
            case 1 -> "On " + day + " there was news of the " + two.get(0) + " and the " + two.get(1) + ".";
            default -> "The " + two.get(0) + " made " + person + " think of the " + two.get(1) + ".";
        };
        return new Labelled(text, topic.get(0));
    }

    private static Labelled storySum(Dice dice) {
        List<String> people = dice.distinct(Lexicon.PEOPLE, 2);
        int has = dice.between(1, 30);
        int gets = dice.between(1, 30);
        String things = dice.pick(Lexicon.THINGS).plural();
        String text = people.get(0) + " has " + has + " " + things + ". " + people.get(1) + " gives "
                + (Lexicon.isWoman(people.get(0)) ? "her " : "him ") + gets + " more. How many " + things + " has "
                + people.get(0) + " now?";
        return new Labelled(text, String.valueOf(has + gets));
    }

    private static Labelled question(Dice dice, String asks) {
        List<String> people = dice.distinct(Lexicon.PEOPLE, 2);
        List<String> colours = dice.distinct(Lexicon.COLOURS, 2);
        List<Lexicon.Noun> things = dice.distinct(Lexicon.THINGS, 2);
        List<String> places = dice.distinct(Lexicon.PLACES, 2);
        List<String> days = dice.distinct(Lexicon.DAYS, 2);
        String verb = dice.pick("found", "bought", "lost", "sold");
        Deed[] deeds = new Deed[2];
        for (int i = 0; i < 2; i++) {
            deeds[i] =
                    new Deed(people.get(i), verb, colours.get(i), things.get(i).singular(), places.get(i), days.get(i));
        }
        Deed asked = deeds[dice.between(0, 1)];
        String base = switch (verb) {
            case "found" -> "find";
            case "bought" -> "buy";
            case "lost" -> "lose";
            default -> "sell";
        };
        String did = " did " + asked.person() + " " + base + " the " + asked.thing() + "?";
        Labelled question = switch (asks) {
            case "Where" -> new Labelled("Where" + did, asked.place());
            case "When" -> new Labelled("When" + did, asked.day());
            case "Who" -> new Labelled("Who " + verb + " the " + asked.thing() + "?", asked.person());
            default -> new Labelled("Which colour has the " + asked.thing() + "?", asked.colour());
        };
        return new Labelled(deeds[0].sentence() + " " + deeds[1].sentence() + " " + question.text(), question.label());
    }
}
