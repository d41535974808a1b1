package io.github.fedhds.monitoring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.training.TrainingCounts;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ChoiceCostTest {
    private static RoundReport round(double features, long samples, FeatureCache.Statistics rows) {
        return new RoundReport(
                new RoundResult(
                        1, Adapter.empty(), 2, 2, 7, 3, 1, samples, 1.25, 0, TrainingCounts.NONE, Optional.empty()),
                "",
                List.of(),
                new RoundReport.Seconds(features, 0.5, 2, 0.25, 9),
                new RoundReport.Bytes(0, 0),
                rows,
                List.of(),
                OptionalDouble.empty());
    }

    @Test
    void of_roundsWithACache_countsComputedRows() {
        ChoiceCost cost = ChoiceCost.of(
                List.of(
                        round(10, 4, new FeatureCache.Statistics(0, 80, 0, 0)),
                        round(1, 6, new FeatureCache.Statistics(80, 20, 1, 1))),
                180,
                1234);
        assertEquals(new ChoiceCost(100, 11, 1, 1234, 4, 10, 180), cost);
        assertEquals(12, cost.seconds());
        assertEquals(OptionalDouble.of(72), cost.fullTrainingSeconds()); // 0.4 s for each of 180
    }

    @Test
    void of_roundsWithoutACache_countsAllRowsWhereFeaturesWereUsed() {
        assertEquals(
                180,
                ChoiceCost.of(List.of(round(10, 4, FeatureCache.Statistics.NONE)), 180, 0)
                        .rows());
        assertEquals(
                0,
                ChoiceCost.of(List.of(round(0, 4, FeatureCache.Statistics.NONE)), 180, 0)
                        .rows());
    }

    @Test
    void of_nothingTrained_hasNoEstimate() {
        assertEquals(
                OptionalDouble.empty(),
                ChoiceCost.of(List.of(round(10, 0, FeatureCache.Statistics.NONE)), 180, 0)
                        .fullTrainingSeconds());
        assertEquals(new ChoiceCost(0, 0, 0, 0, 0, 0, 0), ChoiceCost.of(List.of(), 0, 0));
    }
}
