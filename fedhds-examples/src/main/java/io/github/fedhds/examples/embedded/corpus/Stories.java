package io.github.fedhds.examples.embedded.corpus;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Short stories, descriptions and notes that use the vocabulary outside of the skills. Sentences about tasks, inputs
 * and responses are included so that every word of the later prompts occurs in other contexts.
 */
final class Stories {
    private static final Pattern SLOT = Pattern.compile("\\{(\\w+)}");

    private static final List<String> DEEDS = List.of(
            "{name} went to the {place} on {day}.",
            "{She} found {a_look_noun} near the {place}.",
            "{She} wanted to {verb} with {her} {animal}.",
            "Then {she} {past} for {few} hours.",
            "{name} and {other} {past} at the {place}.",
            "{other} has a {colour} {thing} and {few} {things}.",
            "The {thing} of {other} is {adjective}, but the {thing2} is {opposite}.",
            "In {month} the {place} is {adjective}.",
            "{name} likes {things} more than {things2}.",
            "{She} gave {her} {thing} to {other} and went home.",
            "After that {she} was {adjective}.",
            "It was {adjective} at the {place}, so {she} went home early.",
            "The {animal} ate {few} {fruits} and slept under the {thing}.",
            "In the end {name} bought the {colour} {thing} for {few} coins.",
            "{other} told {name} a story about {a_animal} and {a_animal2}.",
            "{name} sold {few} {things} at the market.",
            "There was {weather} on {day}, and {name} sat at home.",
            "{She} ate some {food} and drank some water.",
            "{name} played the {music} while {other} sang.",
            "{She} has no time today, but {she} will come on {day}.",
            "Every {day} {name} will {verb} and {verb2}.",
            "All of them were {adjective} when the {weather} came.");

    private static final List<String> FACTS = List.of(
            "{A_animal} is an animal.",
            "The {fruit} is a fruit, and the {tool} is a tool.",
            "Something {adjective} is not {opposite}.",
            "If it is {adjective} it can not be {opposite} at the same time.",
            "One {noun}, many {plural}.",
            "Today I {verb}, and on {day} I {past_of_verb}.",
            "After {day} comes {next_day}.",
            "After {month} comes {next_month}.",
            "In {season} there is {month_of_season}.",
            "{number} is smaller than {greater}.",
            "{greater} is larger than {number}.",
            "The number {small_word} is written {small} in digits.",
            "{colour} is a colour, as in {colour} {thing}.",
            "A man is he, and a woman is she.",
            "A verb tells what somebody does, an adjective tells how something is.",
            "The past of {verb} is {past_of_verb}.",
            "The word {adjective} has the opposite {opposite}.",
            "{name} is the name of a {gender}.",
            "The {place} is a place where people {verb}.",
            "The kind of a {tool} is tool.",
            "Positive is good, negative is bad.");

    private static final List<String> TALK = List.of(
            "{name} wrote a response to the request of {other}.",
            "The machine has an input and an output.",
            "The input of the machine was {a_noun}.",
            "An instruction describes how the {tool} works.",
            "{She} read the instruction of the machine and then wrote a note below it.",
            "The letter provides further news of {other}.",
            "The new context was not easy for {name}.",
            "A good context provides the words with meaning.",
            "The {thing} is paired with a {thing2}.",
            "Each shoe was paired with another shoe.",
            "{name} completes the work appropriately.",
            "This {thing} appropriately completes the room.",
            "Below the bridge there is a {noun}.",
            "That is a story that describes a {adjective} day.",
            "The request of {name} was complete on {day}.",
            "{name} is given a task for {day}.",
            "Your task today is to {verb} with your {animal}.",
            "{other} asked for further {things}.",
            "Write soon, {name}, and tell me about the {animal}.",
            "Response of {name}: no.",
            "Instruction for guests: do not {verb} in the {place}.",
            "Input comes first, output comes last.",
            "Nothing else was in the box, only {things}.",
            "{She} did this in the same order as before.",
            "The following day {name} had to choose between {a_thing} and {a_thing2}.",
            "{She} answered with one short sentence.",
            "Several people mentioned the {colour} {thing}.",
            "The paper mentions {few} {animals} and gives the place and the time.",
            "{name} must decide which {thing} belongs to whom.",
            "From now on {she} keeps everything else as it was.",
            "Does the {animal} belong to {other} or to {name}?",
            "{She} put a line under each item of the list.",
            "Return the {thing} to {other} when you are done.",
            "What {she} wrote was correct, and nothing had to be changed.",
            "The two of them appear in the story as well.",
            "{name} started with the largest {thing} and ended with the smallest.",
            "Please rewrite the letter, said {name}.",
            "{She} used the {tool} and replaced the {adjective} part.",
            "You will get a reply in {few} days.",
            "It happened in {month}, at the {place}.",
            "{name} looked at the whole text and counted the words in it.",
            "Single words are not enough; {she} needs a phrase.",
            "These {things} are different, those are alike.",
            "Read this letter, said {name}, and keep it for {other}.",
            "Change trains at the second station.",
            "Rewrite nothing, {name}, the letter is right as it is.",
            "Three letters came on {day}, all of them with good news.",
            "All {animals} need food, and every {animal} needs water.",
            "{name} asks whether {other} is at the {place}.",
            "The {animal} says nothing and looks down.",
            "Everybody asks who lost the {thing}.",
            "If anything appears at the {place}, {name} will know.",
            "The {adjective} {noun} becomes {opposite} once in a year.",
            "The little {animal} stands at the {place}.",
            "{name} and {other} return with their {things}, starting at the {place}.",
            "A single {thing} stands there, the others are at the {place}.",
            "Decide whether you go or stay, and decide soon.",
            "Several letters have to be written once again.",
            "If you join us, keep your {thing} with you.",
            "They replace the {adjective} {thing} and keep all the others.",
            "It is a fact that {name} and {other} like {things}.",
            "The word becomes plural when there are several things.",
            "Their {animal} went down to the river, starting early.",
            "Who would change places with {name}? No one asks.");

    private Stories() {}

    /** A text of about {@code words} words. */
    static String write(Dice dice, int words) {
        SkillForms.Page page = new SkillForms.Page(words);
        List<List<String>> sources = new ArrayList<>(List.of(DEEDS, TALK));
        switch (dice.between(0, 3)) {
            case 0 -> {
                page.add("### ", dice.pick("Diary", "Notes", "News", "Story"), "\n");
                sources.add(TALK);
            }
            case 1 -> {
                page.add("Dear ", dice.pick(Lexicon.PEOPLE), ", ");
                sources.add(DEEDS);
            }
            case 2 -> {
                sources.add(FACTS);
                sources.add(FACTS);
            }
            default -> sources.add(FACTS);
        }
        String gap = dice.chance(0.3) ? "\n" : " ";
        Map<String, String> cast = cast(dice);
        while (page.hasRoom()) {
            page.add(sentence(dice.pick(dice.pick(sources)), dice, cast), gap);
        }
        return page.text();
    }

    private static Map<String, String> cast(Dice dice) {
        List<String> two = dice.distinct(Lexicon.PEOPLE, 2);
        boolean woman = Lexicon.isWoman(two.get(0));
        Map<String, String> cast = new HashMap<>();
        cast.put("name", two.get(0));
        cast.put("other", two.get(1));
        cast.put("she", woman ? "she" : "he");
        cast.put("She", woman ? "She" : "He");
        cast.put("her", woman ? "her" : "his");
        cast.put("gender", woman ? "woman" : "man");
        return cast;
    }

    private static String sentence(String template, Dice dice, Map<String, String> cast) {
        Map<String, String> chosen = new HashMap<>(cast);
        String adjective = dice.pick(Lexicon.ADJECTIVES);
        Lexicon.Noun noun = dice.pick(Lexicon.NOUNS);
        Lexicon.Verb verb = dice.pick(Lexicon.VERBS);
        String day = dice.pick(Lexicon.DAYS);
        String month = dice.pick(Lexicon.MONTHS);
        int number = dice.between(1, 50);
        int small = dice.between(0, 20);
        chosen.put("adjective", adjective);
        chosen.put("opposite", Lexicon.OPPOSITES.getOrDefault(adjective, adjective));
        chosen.put("noun", noun.singular());
        chosen.put("plural", noun.plural());
        chosen.put("verb", verb.base());
        chosen.put("past_of_verb", verb.past());
        chosen.put("day", day);
        chosen.put("next_day", Lexicon.after(Lexicon.DAYS, day));
        chosen.put("month", month);
        chosen.put("next_month", Lexicon.after(Lexicon.MONTHS, month));
        chosen.put("month_of_season", month);
        chosen.put("season", Lexicon.season(month));
        chosen.put("number", String.valueOf(number));
        chosen.put("greater", String.valueOf(number + dice.between(1, 49)));
        chosen.put("small", String.valueOf(small));
        chosen.put("small_word", Lexicon.NUMBER_WORDS.get(small));
        chosen.put("colour", dice.pick(Lexicon.COLOURS));
        Matcher slots = SLOT.matcher(template);
        StringBuilder text = new StringBuilder();
        while (slots.find()) {
            String slot = slots.group(1);
            slots.appendReplacement(text, chosen.containsKey(slot) ? chosen.get(slot) : free(slot, dice));
        }
        return slots.appendTail(text).toString();
    }

    private static String free(String slot, Dice dice) {
        return switch (slot) {
            case "place" -> dice.pick(Lexicon.PLACES);
            case "animal", "animal2" -> dice.pick(Lexicon.ANIMALS).singular();
            case "animals" -> dice.pick(Lexicon.ANIMALS).plural();
            case "a_animal", "a_animal2" -> dice.pick(Lexicon.ANIMALS).withArticle();
            case "A_animal" -> "A" + dice.pick(Lexicon.ANIMALS).withArticle().substring(1);
            case "thing", "thing2" -> dice.pick(Lexicon.THINGS).singular();
            case "things", "things2" -> dice.pick(Lexicon.THINGS).plural();
            case "a_thing", "a_thing2" -> dice.pick(Lexicon.THINGS).withArticle();
            case "a_noun" -> dice.pick(Lexicon.NOUNS).withArticle();
            case "a_look_noun" -> {
                String look = dice.pick(Lexicon.LOOKS);
                yield Lexicon.article(look) + " " + look + " "
                        + dice.pick(Lexicon.NOUNS).singular();
            }
            case "fruit" -> dice.pick(Lexicon.FRUITS).singular();
            case "fruits" -> dice.pick(Lexicon.FRUITS).plural();
            case "tool" -> dice.pick(Lexicon.TOOLS).singular();
            case "verb2" -> dice.pick(Lexicon.VERBS).base();
            case "past" -> dice.pick(Lexicon.VERBS).past();
            case "few" -> String.valueOf(dice.between(2, 12));
            case "weather" -> dice.pick("rain", "snow", "wind");
            case "food" -> dice.pick("bread", "soup", "cheese", "cake", "rice");
            case "music" -> dice.pick("piano", "drum");
            default -> throw new IllegalArgumentException("no words for slot " + slot);
        };
    }
}
