package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EverySelectorTest extends CoresetSelectorContract {
    @Override
    CoresetSelector selector() {
        return new EverySelector();
    }

    @Test
    void select_candidates_areAllTakenUnseen() {
        Group group = selector().select(blind(3), RoundContext.first()).groups().get(0);
        assertArrayEquals(new int[] {0, 1, 2}, group.representatives());
        assertArrayEquals(new double[2], group.centre().orElseThrow());
    }

    @Test
    void centre_isTheOriginOfTheCandidatesAxes() {
        for (int dimensions : new int[] {1, 8}) {
            Coreset coreset = selector().select(blind(3, dimensions), RoundContext.first());
            assertArrayEquals(
                    new double[dimensions], coreset.groups().get(0).centre().orElseThrow());
        }
    }

    @Test
    void round_onClientsAndServer_trainsOnAllData() {
        List<Points> samples = List.of(random(2, 1), random(1, 2));
        assertEquals(
                Map.of(0, List.of(0, 1), 1, List.of(0)),
                Rounds.trainedOn(samples, new EverySelector(), new EverySelector()));
    }

    @Test
    void round_onServerOnly_takesEveryGroup() {
        List<Points> samples = List.of(random(90, 1), random(90, 2));
        int groups = samples.stream()
                .mapToInt(points -> HdbscanSelector.forClient()
                        .select(Candidates.of(points), RoundContext.first())
                        .groups()
                        .size())
                .sum();
        Map<Integer, List<Integer>> trained =
                Rounds.trainedOn(samples, HdbscanSelector.forClient(), new EverySelector());
        assertEquals(groups, trained.values().stream().mapToInt(List::size).sum());
    }
}
