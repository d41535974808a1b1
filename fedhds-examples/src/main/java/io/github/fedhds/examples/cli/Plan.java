package io.github.fedhds.examples.cli;

import io.github.fedhds.dataset.DataCounts;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.monitoring.Traffic;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a run is expected to read, take and send, without training anything. The names of the components are those of the
 * JSON object, in lower case with underscores.
 */
record Plan(
        Data data,
        Tokens tokens,
        Model model,
        Memory memory,
        Bytes bytes,
        Seconds seconds,
        Optional<String> privacy,
        List<String> advice) {
    /**
     * The data.
     *
     * @param read rows that were read and those that were left out
     * @param instructions training instructions of all clients
     * @param smallest instructions of the client that has fewest
     */
    record Data(
            DataCounts read,
            int instructions,
            int tasks,
            int clients,
            int smallest,
            int median,
            int largest,
            int unseenTasks,
            int unseenInstructions) {}

    /**
     * Tokens of the training instructions, prompt and answer.
     *
     * @param total of all training instructions
     * @param longest after the cut to {@code --max-length}
     * @param cutPrompts samples whose prompt is cut
     * @param tooLong samples whose answer does not fit, so that they are not trained on
     * @param featuresPerRound tokens that the clients of a round read for features, on average over the run
     * @param trainingPerRound tokens of the training steps of a round
     * @param prompts tokens of the prompts of an evaluation
     */
    record Tokens(
            long total,
            int median,
            int most95,
            int longest,
            int cutPrompts,
            int tooLong,
            long featuresPerRound,
            long trainingPerRound,
            long prompts) {}

    /** The tuned model. */
    record Model(String family, long parameters, long loraParameters, String precision, String device) {}

    /**
     * Memory of the process; that of a GPU is not in it.
     *
     * @param peak largest resident set, in bytes; empty where the system does not tell it
     * @param machine memory of the machine or container
     */
    record Memory(Optional<Long> peak, long machine) {}

    /**
     * Bytes of the messages in their form for a network.
     *
     * @param clients clients of a round
     * @param round bytes of round 1, down and up, by kind of message
     * @param downPerClient mean of a client and round
     * @param upPerClient mean of a client and round
     * @param run bytes of all rounds, in both directions, at the server
     */
    record Bytes(int clients, Map<MessageKind, Traffic.Count> round, long downPerClient, long upPerClient, long run) {}

    /**
     * Wall-clock seconds of the whole run.
     *
     * @param samples instructions that a round trains on
     * @param features passes through the model for features
     * @param selection fusion, clustering, selection, messages and aggregation
     * @param evaluation of the base model and of the adapters
     * @param evaluations number of them
     */
    record Seconds(
            long samples,
            double features,
            double selection,
            double training,
            double evaluation,
            int evaluations,
            double total) {}
}
