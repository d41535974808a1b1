package io.github.fedhds.examples.comparison;

import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.Frame;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.NovelSum;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How diverse chosen samples are among all training samples of a bed. */
final class Diversity {
    private static final Frame FRAME = new Frame.Signs(128, 1);

    private final Map<Instruction, double[]> places = new HashMap<>();
    private final Points all;

    /** Computes the features of all training samples, task by task. */
    Diversity(FeatureExtractor extractor, Bed bed) {
        List<double[]> points = new ArrayList<>();
        for (List<Instruction> task : bed.tasks().values()) {
            Points placed = FRAME.place(extractor.extract(task, RoundContext.first()));
            for (int i = 0; i < task.size(); i++) {
                places.put(task.get(i), placed.point(i));
                points.add(placed.point(i));
            }
        }
        all = Points.of(points);
    }

    /** NovelSum of samples of the bed. */
    double of(Collection<Instruction> chosen) {
        List<double[]> points = new ArrayList<>();
        for (Map.Entry<Instruction, double[]> sample : places.entrySet()) {
            if (chosen.contains(sample.getKey())) {
                points.add(sample.getValue());
            }
        }
        return NovelSum.of(Points.of(points), all);
    }
}
