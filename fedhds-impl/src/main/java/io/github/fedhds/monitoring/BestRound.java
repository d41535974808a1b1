package io.github.fedhds.monitoring;

import io.github.fedhds.adapter.Adapter;

/**
 * The round whose adapter was evaluated best so far; of equals the first.
 *
 * @param round its number
 * @param score of the adapter, finite; the higher the better
 * @param adapter the adapter after this round
 */
public record BestRound(int round, double score, Adapter adapter) {}
