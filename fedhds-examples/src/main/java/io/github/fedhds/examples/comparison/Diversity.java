package io.github.fedhds.examples.comparison;

import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.Frame;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.NovelSum;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How diverse chosen samples are among all training samples of a bed. */
final class Diversity {
    private static final Frame FRAME = new Frame.Signs(128, 1);

    private final Map<Instruction, double[]> places = new HashMap<>();
    private final Points all;

    /** Computes the features of all training samples, task by task, several tasks at a time. */
    Diversity(FeatureExtractor extractor, Bed bed) {
        List<List<Instruction>> tasks = List.copyOf(bed.tasks().values());
        List<Points> placed = tasks.parallelStream()
                .map(task -> FRAME.place(extractor.extract(task, RoundContext.first())))
                .toList();
        List<double[]> points = new ArrayList<>();
        for (int task = 0; task < tasks.size(); task++) {
            for (int i = 0; i < tasks.get(task).size(); i++) {
                places.put(tasks.get(task).get(i), placed.get(task).point(i));
                points.add(placed.get(task).point(i));
            }
        }
        all = Points.of(points);
    }

    /** NovelSum of samples of the bed; 0 without any. */
    double of(Set<Instruction> chosen) {
        List<double[]> points = new ArrayList<>();
        for (Map.Entry<Instruction, double[]> sample : places.entrySet()) {
            if (chosen.contains(sample.getKey())) {
                points.add(sample.getValue());
            }
        }
        return points.isEmpty() ? 0 : NovelSum.of(Points.of(points), all);
    }
}
