package io.github.fedhds.examples.embedded.corpus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** All skills, by id and by common input. */
final class Skills {
    private static final List<SkillGroup<?>> GROUPS = Stream.of(
                    ListSkills.groups(), WordSkills.groups(), SentenceSkills.groups(), TextSkills.groups())
            .flatMap(List::stream)
            .toList();
    private static final Map<String, Skill> BY_ID = byId();
    private static final List<Skill> WEIGHTED = weighted();
    private static final List<SkillGroup<?>> SHARED =
            GROUPS.stream().filter(group -> group.skills().size() > 2).toList();

    private Skills() {}

    static Skill of(String id) {
        Skill skill = BY_ID.get(id);
        if (skill == null) {
            throw new IllegalArgumentException("no skill is called " + id + "; there are " + BY_ID.keySet());
        }
        return skill;
    }

    static List<Skill> all() {
        return List.copyOf(BY_ID.values());
    }

    /** A skill drawn at random by weight. */
    static Skill draw(Dice dice) {
        return dice.pick(WEIGHTED);
    }

    /** Several skills on one input. */
    static List<SkillGroup.Solved> sheet(Dice dice) {
        return dice.pick(SHARED).sheet(dice);
    }

    private static Map<String, Skill> byId() {
        Map<String, Skill> skills = new LinkedHashMap<>();
        for (SkillGroup<?> group : GROUPS) {
            for (Skill skill : group.skills()) {
                if (skills.put(skill.id(), skill) != null) {
                    throw new IllegalStateException("two skills are called " + skill.id());
                }
            }
        }
        return skills;
    }

    private static List<Skill> weighted() {
        List<Skill> weighted = new ArrayList<>();
        for (Skill skill : BY_ID.values()) {
            for (int i = 0; i < skill.weight(); i++) {
                weighted.add(skill);
            }
        }
        return List.copyOf(weighted);
    }
}
