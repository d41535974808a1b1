package io.github.fedhds.examples.experiment;

import io.github.fedhds.instruction.Instruction;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/** Kinds of bad samples; a sample's task name says of which kind it is, which no selector sees. */
enum Corruption {
    /** The answer of another instruction. */
    ANSWER,
    /** Instruction, input and answer cut to their first half. */
    TRUNCATED,
    /** Another sample again, with every tenth character replaced. */
    DUPLICATE;

    private String task() {
        return "bad " + name().toLowerCase(Locale.ROOT);
    }

    /** The kind of a bad sample; empty for a good one. */
    static Optional<Corruption> of(Instruction sample) {
        return List.of(values()).stream()
                .filter(kind -> kind.task().equals(sample.task()))
                .findFirst();
    }

    /** The samples, of which {@code (int) (share * n)} drawn ones are bad, of each kind in turn. */
    static List<Instruction> corrupt(List<Instruction> samples, double share, Random random) {
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, samples.size()).boxed().toList());
        Collections.shuffle(order, random);
        int bad = (int) (share * samples.size());
        List<Instruction> corrupted = new ArrayList<>(samples);
        for (int i = 0; i < bad; i++) {
            Corruption kind = values()[i % values().length];
            int place = order.get(i);
            Instruction sample = samples.get(place);
            List<Instruction> others = samples.stream()
                    .filter(one -> !one.output().equals(sample.output()))
                    .toList();
            Instruction other = others.isEmpty() ? sample : others.get(random.nextInt(others.size()));
            corrupted.set(place, kind.of(sample, other, random).withTask(kind.task()));
        }
        return corrupted;
    }

    private Instruction of(Instruction sample, Instruction other, Random random) {
        return switch (this) {
            case ANSWER ->
                new Instruction(sample.instruction(), sample.input(), other.output(), sample.task(), sample.history());
            case TRUNCATED ->
                new Instruction(
                        half(sample.instruction()),
                        half(sample.input()),
                        half(sample.output()),
                        sample.task(),
                        sample.history());
            case DUPLICATE ->
                new Instruction(
                        noisy(other.instruction(), random),
                        noisy(other.input(), random),
                        noisy(other.output(), random),
                        other.task(),
                        other.history());
        };
    }

    private static String half(String text) {
        return text.substring(0, text.offsetByCodePoints(0, (text.codePointCount(0, text.length()) + 1) / 2));
    }

    private static String noisy(String text, Random random) {
        StringBuilder noisy = new StringBuilder();
        text.codePoints()
                .map(c -> random.nextInt(10) == 0 ? 'a' + random.nextInt(26) : c)
                .forEach(noisy::appendCodePoint);
        return noisy.toString();
    }
}
