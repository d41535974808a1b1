package io.github.fedhds;

import io.github.fedhds.message.Refusal;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/** The refusals of this version. */
final class Refusals {
    private Refusals() {}

    static Set<Refusal> all() {
        Set<Refusal> all = new TreeSet<>();
        Arrays.stream(Refusal.class.getFields())
                .filter(field -> Modifier.isStatic(field.getModifiers()))
                .forEach(field -> {
                    try {
                        all.add((Refusal) field.get(null));
                    } catch (IllegalAccessException e) {
                        throw new AssertionError(e);
                    }
                });
        return all;
    }

    /** Those that a server gives for reports and adapters; the others are a client's, or for other messages. */
    static Set<Refusal> ofServer() {
        Set<Refusal> all = all();
        all.removeAll(Set.of(
                Refusal.WRONG_KIND,
                Refusal.UNREADABLE,
                Refusal.SETTINGS_DIFFER,
                Refusal.OTHER_REPORT,
                Refusal.OUTDATED,
                Refusal.NOTHING_TRAINED,
                Refusal.BUDGET_SPENT,
                Refusal.SECURE_SUM));
        return all;
    }
}
