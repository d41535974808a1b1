package io.github.fedhds.monitoring;

import io.github.fedhds.adapter.Adapter;

/**
 * The round with the best evaluated adapter so far; the first among equals.
 *
 * @param round number of the round
 * @param score score of the adapter, finite; higher is better
 * @param adapter the adapter after this round
 */
public record BestRound(int round, double score, Adapter adapter) {}
