package io.github.fedhds.lora;

/**
 * Called after every training step. Calls for one client come in order on the thread that trains it; if several clients
 * train in parallel, calls come on several threads. An exception ends that client's training and is passed on, so an
 * application can stop a training this way; its result is dropped, and the trainer can be used again.
 */
@FunctionalInterface
public interface StepListener {
    /** A step is over. */
    void stepped(TrainingStep step);
}
