package io.github.fedhds.examples.embedded.corpus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The closed vocabulary of the demo language: words by category, and the relations between them. */
final class Lexicon {
    /** A thing that can be counted. */
    record Noun(String singular, String plural, String category) {
        String withArticle() {
            return article(singular) + " " + singular;
        }
    }

    /** A verb with its past, as in "go, went". */
    record Verb(String base, String past) {}

    static final List<String> WOMEN =
            words("Anna Clara Ella Emma Grace Iris Julia Laura Lucy Maria Nina Rosa Sarah Sofia");
    static final List<String> MEN = words("Adam Ben Carl David Felix Hugo Jack Leo Mark Noah Oscar Paul Peter Tom");
    static final List<String> PEOPLE = joined(WOMEN, MEN);

    static final List<Noun> ANIMALS = nouns(
            "animal",
            "cat dog horse cow pig duck hen goat lion tiger bear rabbit frog bird bee snake",
            "mouse/mice wolf/wolves fox/foxes sheep/sheep");
    static final List<Noun> FRUITS =
            nouns("fruit", "apple pear plum banana lemon melon grape mango", "peach/peaches cherry/cherries");
    static final List<Noun> TOOLS =
            nouns("tool", "hammer spoon fork drill ladder shovel", "knife/knives brush/brushes");
    static final List<Noun> CLOTHES =
            nouns("clothing", "hat coat shirt sock shoe glove", "dress/dresses scarf/scarves");
    static final List<Noun> VEHICLES = nouns("vehicle", "car train boat bike truck plane", "bus/buses");
    static final List<Noun> FURNITURE = nouns("furniture", "table chair bed lamp sofa", "shelf/shelves");
    static final List<Noun> PLANTS = nouns("plant", "tree rose flower tulip", "leaf/leaves bush/bushes");
    static final List<Noun> OBJECTS = nouns("thing", "book cup ball bag key ring", "box/boxes");

    /** Things that can be bought, carried and painted. */
    static final List<Noun> THINGS = joined(FRUITS, TOOLS, CLOTHES, VEHICLES, FURNITURE, PLANTS, OBJECTS);

    static final List<Noun> NOUNS = joined(ANIMALS, THINGS);

    /** Nouns whose category has a name, category by category. */
    static final List<List<Noun>> CATEGORIES = List.of(ANIMALS, FRUITS, TOOLS, CLOTHES, VEHICLES, FURNITURE, PLANTS);

    static final List<String> COLOURS = words("red blue green yellow brown black white grey pink purple");
    static final List<String> PLACES =
            words("park market school library beach river forest station garden farm museum" + " bridge shop harbour");
    static final List<String> DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday");
    static final List<String> MONTHS =
            words("January February March April May June July August September October November December");
    static final List<String> NUMBER_WORDS = words("zero one two three four five six seven eight nine ten eleven twelve"
            + " thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty");

    /** Adjectives that fit a thing or an animal; each word is followed by its opposite. */
    static final List<String> LOOKS =
            words("big small old new clean dirty wet dry strong weak thick thin cheap expensive"
                    + " hard soft hot cold heavy light");

    private static final List<String> QUALITIES = words("fast slow happy sad rich poor bright dark long short high low"
            + " full empty open closed loud quiet wide narrow deep shallow early late easy difficult sweet sour safe"
            + " dangerous rough smooth true false near far");

    static final List<String> ADJECTIVES = joined(LOOKS, QUALITIES);
    static final Map<String, String> OPPOSITES = opposites();

    static final List<Verb> VERBS = verbs("walk/walked play/played jump/jumped cook/cooked paint/painted wash/washed"
            + " look/looked help/helped call/called carry/carried push/pushed pull/pulled sing/sang swim/swam eat/ate"
            + " drink/drank run/ran go/went come/came see/saw take/took give/gave buy/bought find/found make/made"
            + " write/wrote sit/sat sleep/slept bring/brought draw/drew throw/threw catch/caught hold/held sell/sold"
            + " lose/lost win/won ride/rode know/knew");

    /** Past forms that take an object and equal their participle, as in "found, was found". */
    static final List<String> DEEDS =
            words("bought found sold lost carried painted washed brought caught held pushed" + " pulled");

    private Lexicon() {}

    static String article(String word) {
        return "aeio".indexOf(word.charAt(0)) >= 0 ? "an" : "a";
    }

    static String season(String month) {
        return List.of("winter", "spring", "summer", "autumn").get((MONTHS.indexOf(month) + 1) % 12 / 3);
    }

    static boolean isWoman(String person) {
        return WOMEN.contains(person);
    }

    static String after(List<String> cycle, String member) {
        return cycle.get((cycle.indexOf(member) + 1) % cycle.size());
    }

    static String before(List<String> cycle, String member) {
        return cycle.get((cycle.indexOf(member) + cycle.size() - 1) % cycle.size());
    }

    /** Splits at spaces. */
    static List<String> words(String line) {
        return List.of(line.split(" "));
    }

    private static List<Noun> nouns(String category, String regular, String irregular) {
        List<Noun> nouns = new ArrayList<>();
        for (String word : words(regular)) {
            nouns.add(new Noun(word, word + "s", category));
        }
        for (String pair : words(irregular)) {
            int slash = pair.indexOf('/');
            nouns.add(new Noun(pair.substring(0, slash), pair.substring(slash + 1), category));
        }
        return List.copyOf(nouns);
    }

    private static List<Verb> verbs(String line) {
        return words(line).stream()
                .map(pair -> new Verb(pair.substring(0, pair.indexOf('/')), pair.substring(pair.indexOf('/') + 1)))
                .toList();
    }

    private static Map<String, String> opposites() {
        Map<String, String> opposites = new LinkedHashMap<>();
        for (int i = 0; i < ADJECTIVES.size(); i += 2) {
            opposites.put(ADJECTIVES.get(i), ADJECTIVES.get(i + 1));
            opposites.put(ADJECTIVES.get(i + 1), ADJECTIVES.get(i));
        }
        return opposites;
    }

    @SafeVarargs
    private static <T> List<T> joined(List<T>... lists) {
        List<T> all = new ArrayList<>();
        for (List<T> list : lists) {
            all.addAll(list);
        }
        return List.copyOf(all);
    }
}
