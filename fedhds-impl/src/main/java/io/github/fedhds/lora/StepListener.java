package io.github.fedhds.lora;

/**
 * Is told of every step of a training, after it. Calls for one client come in order on the thread that trains it; where
 * several clients train at once, they come on several threads. What it throws ends that client's training and passes
 * through, so a host may stop it so; nothing is kept of an ended training, and the trainer can be used again.
 */
@FunctionalInterface
public interface StepListener {
    /** A step is over. */
    void stepped(TrainingStep step);
}
