package io.github.fedhds.transformer;

import io.github.fedhds.internal.Workers;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Continues the texts of one call, several batches at a time. For one call. */
final class Generation {
    private static final Workers.Task TASK = new Workers.Task(
            "generation", "a thread that generated answers failed", "interrupted while answers were generated");

    private final AdaptedModel model;
    private final List<int[]> prompts;
    private final List<int[]> batches;
    private final int maxNewTokens;
    private final TokenChoice choice;
    private final IntConsumer progress;
    private final int[][] answers;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private int done;

    /** @param batches indices of the prompts of each batch */
    Generation(
            AdaptedModel model,
            List<int[]> prompts,
            List<int[]> batches,
            int maxNewTokens,
            Sampling sampling,
            IntConsumer progress) {
        this.model = model;
        this.prompts = prompts;
        this.batches = batches;
        this.maxNewTokens = maxNewTokens;
        this.choice = new TokenChoice(sampling, prompts.size());
        this.progress = progress;
        this.answers = new int[prompts.size()][];
    }

    /** The new ids of each prompt. */
    List<int[]> run(int threads) {
        try (Workers workers = new Workers(TASK, threads)) {
            workers.run(number -> work(workers));
        }
        return List.of(answers);
    }

    /** Takes batches until there are no more; the longest come first, so the threads end at about the same time. */
    private void work(Workers workers) {
        try {
            for (int batch = next.getAndIncrement(); batch < batches.size(); batch = next.getAndIncrement()) {
                if (stopped.get() || workers.isInterrupted()) {
                    return;
                }
                int[] places = batches.get(batch);
                List<int[]> made =
                        new Decoding(model, model.batch(prompts, places), places, maxNewTokens, choice).run();
                finish(places, made);
            }
        } catch (RuntimeException | Error e) {
            stopped.set(true); // the other threads start no more batches
            throw e;
        }
    }

    private synchronized void finish(int[] places, List<int[]> made) {
        for (int i = 0; i < places.length; i++) {
            answers[places[i]] = made.get(i);
        }
        done += places.length;
        progress.accept(done);
    }
}
