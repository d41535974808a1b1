package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.tokenizer.SampleEncoder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Measures the speed of a run's work on a few of its samples: as many threads as the run has work at the same time. Each
 * measurement begins with long samples that are not timed, which also take the memory that a run takes. Changes nothing.
 */
final class Probe {
    /** Samples that are timed for features and for training. */
    static final int STEPS = 20;

    /** Samples among which a long one is looked for. */
    private static final int LOOKED_AT = 2000;

    /** Tokens of the answers that are generated before those that are timed. */
    private static final int FIRST_TOKENS = 4;

    /** Prompt tokens of a batch of answers, as in {@link FedHds#evaluator}. */
    private static final int PROMPT_TOKENS = 2048;

    private final FedHds fedHds;
    private final SampleEncoder encoder;
    private final RoundContext round;
    private final long seed;

    /**
     * @param encoder of the tuned model
     * @param seed of the choice of samples
     */
    Probe(FedHds fedHds, SampleEncoder encoder, long seed) {
        this.fedHds = fedHds;
        this.encoder = encoder;
        this.seed = seed;
        Adapter first = LoraTrainer.firstAdapter(fedHds.model(), fedHds.lora(), seed);
        RoundContext plain = RoundContext.first().withSeed(seed);
        round = new RoundContext(plain.runId(), plain.round(), plain.client(), seed, first, plain.settings());
    }

    /**
     * What was measured.
     *
     * @param seconds of the wall clock
     * @param tokens tokens read in this time, by all threads; for answers the number of batches
     */
    record Speed(double seconds, long tokens) {
        /** Nothing was measured, because a run has no such work. */
        static final Speed NONE = new Speed(0, 0);

        /** Seconds for a number of tokens or batches. */
        double secondsFor(double amount) {
            return tokens == 0 ? 0 : seconds / tokens * amount;
        }
    }

    /** The speed of features, and the rows that were computed. */
    record Features(Speed speed, FeatureMatrix rows) {}

    /** Computes the features of the longest sample and of {@link #STEPS} others. */
    Features features(List<Instruction> all, SampleEncoder ofFeatures, int threads) {
        Comparator<Instruction> byLength =
                Comparator.comparingInt(sample -> ofFeatures.forFeatures(sample).ids().length);
        List<Instruction> longest = List.of(Collections.max(longestTexts(all), byLength));
        FeatureMatrix row = fedHds.extractor().extract(longest, round);
        List<List<Instruction>> parts = parts(drawn(all, STEPS), threads);
        long start = System.nanoTime();
        inParallel(parts, part -> fedHds.extractor().extract(part, round));
        double seconds = (System.nanoTime() - start) / 1e9;
        long tokens = parts.stream()
                .flatMap(List::stream)
                .mapToLong(sample -> ofFeatures.forFeatures(sample).ids().length)
                .sum();
        return new Features(new Speed(seconds, tokens), row);
    }

    /**
     * Trains on a long sample beside others, then for {@link #STEPS} steps, and drops the adapters.
     *
     * @param chosen samples of the first round; the long sample is the longest of these, or longer if later rounds probably
     *     have a longer one
     * @param later number of later rounds, with as many samples each
     */
    Speed training(List<Instruction> all, List<Instruction> chosen, int later, int epochs, int threads) {
        Comparator<Sized> byTokens = Comparator.comparingInt(Sized::tokens);
        List<Sized> usable = drawn(all, LOOKED_AT).stream()
                .map(this::sized)
                .filter(one -> one.tokens() > 0)
                .sorted(byTokens)
                .toList();
        if (usable.isEmpty()) {
            return Speed.NONE;
        }
        // Of n samples at random, the longest is as often longer as shorter than that of this place among all.
        double share = Math.pow(0.5, 1.0 / Math.max(1, (long) later * chosen.size()));
        Sized probable = usable.get((int) Math.ceil(share * usable.size()) - 1);
        Sized longest = chosen.stream().map(this::sized).max(byTokens).orElse(probable);
        if (later > 0 && probable.tokens() > longest.tokens()) {
            longest = probable;
        }
        int most = longest.tokens(); // a longer one would take memory that the run does not need
        List<Sized> notLonger =
                usable.stream().filter(one -> one.tokens() <= most).toList();
        List<Sized> drawn = drawn(notLonger.isEmpty() ? usable : notLonger, Math.max(1, (STEPS + epochs - 1) / epochs));
        List<Instruction> samples = drawn.stream().map(Sized::sample).toList();
        List<List<Instruction>> first = new ArrayList<>(List.of(List.of(longest.sample())));
        samples.stream().limit(threads - 1).forEach(sample -> first.add(List.of(sample)));
        inParallel(first, part -> fedHds.trainer().train(part, round));
        List<List<Instruction>> parts = parts(samples, threads);
        long start = System.nanoTime();
        inParallel(parts, part -> fedHds.trainer().train(part, round));
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Speed(
                seconds, epochs * drawn.stream().mapToLong(Sized::tokens).sum());
    }

    /** A training sample and its number of tokens, 0 if its answer does not fit; tokenized once. */
    private record Sized(Instruction sample, int tokens) {}

    private Sized sized(Instruction sample) {
        return new Sized(
                sample,
                encoder.forTraining(sample).map(encoded -> encoded.ids().length).orElse(0));
    }

    /** The batches that an evaluation has. */
    List<List<Instruction>> batches(List<Instruction> unseen, int answerTokens) {
        record Prompt(Instruction instruction, int tokens) {}
        int room = Math.min(answerTokens, encoder.maxTokens() / 2);
        List<Prompt> prompts = unseen.parallelStream()
                .map(one -> new Prompt(one, encoder.forGeneration(one, room).ids().length))
                .sorted(Comparator.comparingInt(prompt -> -prompt.tokens()))
                .toList();
        List<List<Instruction>> batches = new ArrayList<>();
        for (int from = 0; from < prompts.size(); ) {
            int to = Math.min(
                    prompts.size(),
                    from + Math.max(1, PROMPT_TOKENS / prompts.get(from).tokens()));
            batches.add(
                    prompts.subList(from, to).stream().map(Prompt::instruction).toList());
            from = to;
        }
        return batches;
    }

    /** Answers a batch in each thread, of long and of short prompts alike; the speed counts batches. */
    Speed evaluation(List<List<Instruction>> batches, int answerTokens, int threads) {
        if (batches.isEmpty()) {
            return Speed.NONE;
        }
        int used = Math.min(threads, batches.size());
        List<List<Instruction>> chosen = new ArrayList<>();
        for (int i = 0; i < used; i++) {
            chosen.add(batches.get((int) ((i + 0.5) / used * batches.size())));
        }
        AnswerEvaluator evaluator = fedHds.evaluator(answerTokens);
        fedHds.evaluate(fedHds.evaluator(Math.min(answerTokens, FIRST_TOKENS)), chosen.get(0), Adapter.empty());
        long start = System.nanoTime();
        inParallel(chosen, batch -> fedHds.evaluate(evaluator, batch, Adapter.empty()));
        return new Speed((System.nanoTime() - start) / 1e9, used);
    }

    /** The longest texts, among which are the samples with most tokens. */
    private static List<Instruction> longestTexts(List<Instruction> all) {
        return all.stream()
                .sorted(Comparator.comparingInt(one -> -one.instruction().length()
                        - one.input().length()
                        - one.output().length()))
                .limit(STEPS)
                .toList();
    }

    private <T> List<T> drawn(List<T> all, int count) {
        List<T> shuffled = new ArrayList<>(all);
        Collections.shuffle(shuffled, new Random(seed));
        return shuffled.subList(0, Math.min(count, shuffled.size()));
    }

    private static List<List<Instruction>> parts(List<Instruction> all, int count) {
        List<List<Instruction>> parts = new ArrayList<>();
        for (int i = 0; i < Math.min(count, all.size()); i++) {
            parts.add(new ArrayList<>());
        }
        for (int i = 0; i < all.size(); i++) {
            parts.get(i % parts.size()).add(all.get(i));
        }
        return parts;
    }

    /** Work on some of the samples. */
    @FunctionalInterface
    private interface Work {
        Object on(List<Instruction> part);
    }

    private static void inParallel(List<List<Instruction>> parts, Work work) {
        ExecutorService threads = Executors.newFixedThreadPool(parts.size());
        try {
            List<Callable<Optional<Object>>> all = new ArrayList<>();
            parts.forEach(part -> all.add(() -> Optional.of(work.on(part))));
            for (Future<Optional<Object>> done : threads.invokeAll(all)) {
                done.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FedHdsException("interrupted while the speed was measured", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new FedHdsException("the speed cannot be measured: " + e.getCause(), e);
        } finally {
            threads.shutdownNow();
        }
    }
}
