package io.github.fedhds.message;

import io.github.fedhds.ClientId;
import io.github.fedhds.training.Adapter;

/**
 * Client to server: its trained adapter.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the sender
 * @param adapter the trained adapter
 * @param samples number of instructions it was trained on, 1 or more
 * @param meanLoss mean training loss in nats a token; NaN if there was no step
 */
public record AdapterUpdate(String runId, int round, ClientId client, Adapter adapter, int samples, double meanLoss)
        implements Message {}
