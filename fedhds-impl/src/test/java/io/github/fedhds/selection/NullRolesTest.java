package io.github.fedhds.selection;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.clustering.Clusterer;
import io.github.fedhds.clustering.Clustering;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.feature.Points;
import io.github.fedhds.message.Frame;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Roles of the application that are null, or whose answer is null or of another size, are named. */
class NullRolesTest {
    private static final Class<NullPointerException> ABSENT = NullPointerException.class;
    private static final Class<IllegalStateException> ANSWER = IllegalStateException.class;

    /** A null that the checker of null does not see. */
    @SuppressWarnings("NullAway")
    private static <T> T nothing() {
        return null;
    }

    private static void select(Clusterer clusterer) {
        HdbscanSelector.builder()
                .clustering(clusterer)
                .build()
                .select(Candidates.of(new Points(3, 2, new double[6])), RoundContext.first());
    }

    private static Clustering clustering(int rows, int dimensions) {
        return new Clustering(
                new int[rows], new double[rows], new Points(1, dimensions, new double[dimensions]), new double[1], 0);
    }

    @Test
    void clusterer_wrongAnswer_isNamed() {
        assertFails(ANSWER, () -> select(points -> nothing()), "clusterer of the application returned null");
        assertFails(ANSWER, () -> select(points -> clustering(2, 2)), "2 labels for 3 points", "one each");
        assertFails(ANSWER, () -> select(points -> clustering(4, 2)), "4 labels for 3 points", "one each");
        assertFails(ANSWER, () -> select(points -> clustering(3, 1)), "centroids of 1 coordinates for points of 2");
        select(points -> clustering(3, 2));
    }

    @Test
    void inside_wrongSelector_isNamed() {
        CoresetSelector none = nothing();
        assertEquals("selector", assertFails(ABSENT, () -> BudgetSelector.count(none, 3)));
        assertEquals("selector", assertFails(ABSENT, () -> BudgetSelector.share(none, 0.5)));
        assertEquals("selector", assertFails(ABSENT, () -> BalancedSelector.share(none, 0.5)));
        assertEquals("selector", assertFails(ABSENT, () -> AlignedSelector.of(none, 0.5)));
        CoresetSelector empty = (candidates, round) -> nothing();
        Candidates candidates = Candidates.of(new Points(3, 2, new double[6]));
        for (CoresetSelector outer : List.of(
                BudgetSelector.count(empty, 3), BalancedSelector.count(empty, 3), AlignedSelector.of(empty, 0.1))) {
            assertFails(
                    ANSWER,
                    () -> outer.select(candidates, RoundContext.first()),
                    "the selector inside, a selector of the application, returned null",
                    "must return a Coreset");
        }
    }

    @Test
    void selection_nullPart_isNamedAtOnce() {
        CoresetSelector none = nothing();
        Function<RoundContext, Optional<Frame>> noFrame = nothing();
        assertEquals("client", assertFails(ABSENT, () -> Selection.paper().withClient(none)));
        assertEquals("server", assertFails(ABSENT, () -> Selection.paper().withServer(none)));
        assertEquals("frame", assertFails(ABSENT, () -> Selection.paper().withFrame(noFrame)));
    }
}
