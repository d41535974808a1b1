package io.github.fedhds.examples.embedded.corpus;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Definitions of the tasks, with several phrasings each. In a phrasing with {@code {x}} the definition contains the
 * argument and the input is empty. The pre-training text must not contain any six consecutive words of an unseen task's
 * definition.
 */
final class Definitions {
    /** Skill id to phrasings, for the tasks that clients train on. */
    static final Map<String, List<String>> TRAINING = training();

    /** Skill id to phrasings, for the tasks that are only evaluated. */
    static final Map<String, List<String>> UNSEEN = unseen();

    private Definitions() {}

    private static Map<String, List<String>> training() {
        Map<String, List<String>> all = new TreeMap<>();
        classification(all);
        extraction(all);
        rewriting(all);
        numbers(all);
        lists(all);
        passages(all);
        return all;
    }

    private static void classification(Map<String, List<String>> all) {
        all.put(
                "category",
                List.of(
                        "You are given a thing. Your task is to name the category to which it belongs.",
                        "Which category does the given thing belong to? Answer with a single word.",
                        "Read the name of the thing and decide what kind of thing it is.",
                        "Write the category of the thing in the input, as in animal, fruit or tool."));
        all.put(
                "sentiment",
                List.of(
                        "You are given a short review. Decide if its sentiment is positive or negative.",
                        "Read the review and answer with positive or negative and nothing else.",
                        "Is the feeling in the given review positive or negative? Write one word.",
                        "Your task is to name the sentiment of the review, which is positive or negative."));
        all.put(
                "topic",
                List.of(
                        "You are given a sentence. Your task is to name its topic with one word.",
                        "Read the sentence and decide which topic it is about, as sport, weather or food.",
                        "Which topic does the given sentence belong to? Answer with a single word.",
                        "Write the topic of the input sentence and add nothing else."));
        all.put(
                "fact",
                List.of(
                        "Read the sentence and answer yes if it is true and no if it is not.",
                        "Is the given sentence true? Answer with yes or no and nothing else.",
                        "Your task is to decide whether the fact in the input is right. Write yes or no.",
                        "You are given a fact about a thing. Write yes when it is correct, else write no."));
        all.put(
                "season",
                List.of(
                        "You are given some months. For each month write the season to which it belongs.",
                        "Write the season of every month in the input and keep the order.",
                        "Your task is to replace each given month by its season.",
                        "In which season is each of the months below? Answer with a list of seasons."));
    }

    private static void extraction(Map<String, List<String>> all) {
        all.put(
                "name",
                List.of(
                        "You are given a sentence. Your task is to find the name of the person in it.",
                        "Read the sentence and write the name of the person that it mentions.",
                        "Which person is mentioned in the given sentence? Answer with the name only.",
                        "Extract the name of the person from the sentence and write nothing else."));
        all.put(
                "place",
                List.of(
                        "You are given a sentence. Your task is to find the place that it mentions.",
                        "Read the sentence and write the place where it happened.",
                        "Which place is mentioned in the given sentence? Answer with one word.",
                        "Extract the place from the sentence and write only the place."));
        all.put(
                "number",
                List.of(
                        "You are given a sentence. Your task is to find the number that it mentions.",
                        "Read the sentence and write the number that appears in it.",
                        "Which number is mentioned in the given sentence? Answer with the number only.",
                        "Extract the number from the sentence and write nothing else."));
        all.put(
                "object",
                List.of(
                        "You are given a sentence. Your task is to find the object that it mentions.",
                        "Read the sentence and write the things with which the person did something.",
                        "Which object is mentioned in the given sentence? Answer with one word.",
                        "Extract the object from the sentence and write only that word."));
        all.put(
                "day",
                List.of(
                        "You are given a sentence. Your task is to find the day that it mentions.",
                        "Read the sentence and write the day on which it happened.",
                        "Which day is mentioned in the given sentence? Answer with one word.",
                        "Extract the day from the sentence and write only the day."));
    }

    private static void rewriting(Map<String, List<String>> all) {
        all.put(
                "plural",
                List.of(
                        "Write the plural of every word that you see in the input.",
                        "You are given some words. Answer with the plural of each of them.",
                        "For all the given words, write down the plural and keep the order.",
                        "In this task you read some words and reply with the plural of each one."));
        all.put(
                "past",
                List.of(
                        "Write the past tense of every verb that you see in the input.",
                        "You are given some verbs. Answer with the past of each of them.",
                        "For all the given verbs, write down the past tense and keep the order.",
                        "In this task you read some verbs and reply with the past of each one."));
        all.put(
                "replace",
                List.of(
                        "You are given two words and a sentence. Replace the first word by the second word in the sentence.",
                        "Rewrite the sentence: the first given word must be replaced by the second one.",
                        "Change the sentence so that the second of the two words stands for the first.",
                        "Write the sentence again and replace the first of the two words by the second."));
        all.put(
                "he-she",
                List.of(
                        "Rewrite the sentence so that it is about a woman: change he to she and his to her.",
                        "The sentence is about a man. Change he into she and his into her.",
                        "Your task is to write the given sentence again with she in place of he.",
                        "You are given a sentence about a man. Rewrite it for a woman."));
        all.put(
                "negation",
                List.of(
                        "Rewrite the sentence so that it says the negative, with the word not.",
                        "You are given a sentence. Add the word not so that it becomes negative.",
                        "Your task is to write the given sentence again in its negative form.",
                        "Change the input sentence: it must say that this is not so."));
        all.put(
                "active",
                List.of(
                        "You are given a passive sentence. Rewrite it as an active sentence.",
                        "Change the sentence from passive to active, starting with the person.",
                        "Your task is to write the given sentence again in its active form.",
                        "Rewrite the sentence so that the person comes first and the thing comes last."));
    }

    private static void numbers(Map<String, List<String>> all) {
        all.put(
                "sum",
                List.of(
                        "Add the two numbers {x} and write only the sum as your answer.",
                        "What is the sum of the two numbers {x}? Answer with a number.",
                        "Your task is to find the sum of these numbers: {x}. Write it as a number.",
                        "Count the numbers {x} together and answer with their sum."));
        all.put(
                "story-sum",
                List.of(
                        "Read the little story and answer how many things there are in the end.",
                        "You are given a story with two numbers. Add them and write the result.",
                        "The story asks for a number. Work it out and write only that number.",
                        "Your task is to add the numbers of the story and answer its question."));
        all.put(
                "digits",
                List.of(
                        "You are given some numbers as words. Your task is to write them in digits.",
                        "Write every number word of the input in digits and keep the order.",
                        "For all the given number words, write down the numbers in digits.",
                        "Change the number words below into digits and write them as a list."));
        all.put(
                "sort-ascending",
                List.of(
                        "You are given some numbers. Sort them so that the smallest comes first and the largest last.",
                        "Sort the given numbers in ascending order, from the smallest to the largest.",
                        "Put all given numbers in ascending order and write the sorted list.",
                        "Your task is to write the numbers again, sorted upward, the smallest one first."));
        all.put(
                "largest",
                List.of(
                        "In this task you get several numbers and must find the largest one.",
                        "Read the list of numbers and write the largest number in it.",
                        "Which of the given numbers is the largest? Answer with that number only.",
                        "Choose the largest number out of the input and write nothing else."));
        all.put(
                "larger",
                List.of(
                        "Which of the two numbers {x} is larger? Answer with that number only.",
                        "Look at the two numbers {x} and write only the larger one.",
                        "Your task is to find the larger of these two numbers: {x}.",
                        "Choose the larger number out of {x} and write nothing else."));
    }

    private static void lists(Map<String, List<String>> all) {
        all.put(
                "alphabetical",
                List.of(
                        "You are given some names. Sort them in alphabetical order and write the list.",
                        "Sort all given names by their letters, in alphabetical order.",
                        "Put every name of the input in alphabetical order.",
                        "Your task is to write the names again, sorted in alphabetical order."));
        all.put(
                "reverse-words",
                List.of(
                        "You are given a list of words. Write the list in reverse order.",
                        "Write the words of the input again in reverse order, starting with the last one.",
                        "Your task is to reverse the order of the given words.",
                        "Turn the given list around so that the last word comes first."));
        for (String place : List.of("first", "third", "last")) {
            all.put(
                    place + "-word",
                    List.of(
                            "From the given list, choose the " + place + " word and write only that word.",
                            "You are given a list of words. Your task is to return the " + place + " word.",
                            "Look at the words and answer with the word in " + place + " place.",
                            "Which word is " + place + " in the list? Write it as your answer."));
        }
        all.put(
                "odd-one-out",
                List.of(
                        "You are given four words. Find the odd one out and write only that word.",
                        "Three of the given words are alike. Which one is different? Answer with that word.",
                        "Your task is to choose the odd word which does not belong to the others.",
                        "Read the list and write the one word that does not fit with the others."));
        all.put(
                "count-words",
                List.of(
                        "You are given a list of words. Count them and answer with the number.",
                        "How many words are in the given list? Answer with a number.",
                        "Your task is to count the words of the input and write their number.",
                        "Count every word in the list and write only the number."));
        all.put(
                "join-and",
                List.of(
                        "Join the given words into one line and put and between them.",
                        "You are given a list. Connect its words with the word and.",
                        "Your task is to join all words of the list with and.",
                        "Write the words of the list in one line, with and between every two words."));
        all.put(
                "repeat",
                List.of(
                        "Write the given text again and do not change anything in it.",
                        "Your task is to copy the text of the input as it is.",
                        "Repeat the input once and add nothing else to it.",
                        "You are given a text. Answer with the same text without any change."));
        all.put(
                "three-times",
                List.of(
                        "Write the given text three times in one line.",
                        "Repeat the input three times and add nothing else.",
                        "Your task is to copy the text so that it appears three times.",
                        "You are given a text. Answer with this text, written three times in one line."));
        all.put(
                "day-after",
                List.of(
                        "You are given some days. For each day write the day that comes after it.",
                        "Write the next day of every day in the input and keep the order.",
                        "Your task is to replace each given day by the following day.",
                        "Which day comes after each of the days below? Answer with a list of days."));
    }

    private static void passages(Map<String, List<String>> all) {
        all.put(
                "passage-place",
                List.of(
                        "Read the passage and answer the question with the right place.",
                        "The question asks about a place. Find it in the passage and write that place.",
                        "You are given a short passage and a question. Answer where it happened.",
                        "Your task is to answer the question about the place with one word of the passage."));
        all.put(
                "passage-person",
                List.of(
                        "Read the passage and answer the question with the right person.",
                        "The question asks about a person. Find it in the passage and write that name.",
                        "You are given a short passage and a question. Answer who did it.",
                        "Your task is to answer the question about the person with one word of the passage."));
        all.put(
                "passage-colour",
                List.of(
                        "Read the passage and answer the question with the right colour.",
                        "The question asks about a colour. Find it in the passage and write that colour.",
                        "You are given a short passage and a question. Answer which colour the thing has.",
                        "Your task is to answer the question about the colour with one word of the passage."));
    }

    private static Map<String, List<String>> unseen() {
        Map<String, List<String>> all = new TreeMap<>();
        all.put(
                "opposite",
                List.of(
                        "Write the opposite of every word that you see in the input.",
                        "You are given some words. Answer with the opposite of each of them.",
                        "For all the given words, write down the opposite and keep the order.",
                        "In this task you read some words and reply with the opposite of each one."));
        all.put(
                "second-word",
                List.of(
                        "From the given list, choose the second word and write only that word.",
                        "You are given a list of words. Your task is to return the second word.",
                        "Look at the words and answer with the word in second place.",
                        "Which word is second in the list? Write it as your answer."));
        all.put(
                "sort-descending",
                List.of(
                        "You are given some numbers. Sort them so that the largest comes first and the smallest last.",
                        "Sort the given numbers in descending order, from the largest to the smallest.",
                        "Put all given numbers in descending order and write the sorted list.",
                        "Your task is to write the numbers again, sorted downward, the largest one first."));
        all.put(
                "smallest",
                List.of(
                        "In this task you get several numbers and must find the smallest one.",
                        "Read the list of numbers and write the smallest number in it.",
                        "Which of the given numbers is the smallest? Answer with that number only.",
                        "Choose the smallest number out of the input and write nothing else."));
        all.put(
                "colour",
                List.of(
                        "You are given a sentence. Your task is to find the colour that it mentions.",
                        "Read the sentence and write the colour that appears in it.",
                        "Which colour is mentioned in the given sentence? Answer with one word.",
                        "Extract the colour from the sentence and write only the colour."));
        all.put(
                "animal",
                List.of(
                        "You are given a sentence. Your task is to find the animal that it mentions.",
                        "Read the sentence and write the animal that appears in it.",
                        "Which animal is mentioned in the given sentence? Answer with one word.",
                        "Extract the animal from the sentence and write only the animal."));
        all.put(
                "join-or",
                List.of(
                        "Join the given words into one line and put or between them.",
                        "You are given a list. Connect its words with the word or.",
                        "Your task is to join all words of the list with or.",
                        "Write the words of the list in one line, with or between every two words."));
        all.put(
                "she-he",
                List.of(
                        "Rewrite the sentence so that it is about a man: change she to he and her to his.",
                        "The sentence is about a woman. Change she into he and her into his.",
                        "Your task is to write the given sentence again with he in place of she.",
                        "You are given a sentence about a woman. Rewrite it for a man."));
        all.put(
                "passage-day",
                List.of(
                        "Read the passage and answer the question with the right day.",
                        "The question asks about a day. Find it in the passage and write that day.",
                        "You are given a short passage and a question. Answer when it happened.",
                        "Your task is to answer the question about the day with one word of the passage."));
        all.put(
                "twice",
                List.of(
                        "Write the given text two times in one line.",
                        "Repeat the input twice and add nothing else.",
                        "Your task is to copy the text so that it appears two times.",
                        "You are given a text. Answer with this text, written two times in one line."));
        return all;
    }
}
