package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.internal.RoleText;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Clips updates before another rule receives them: if the difference between an update and the global adapter has a
 * Euclidean norm above the bound, over all tensors, it is scaled down to the bound (except for the rounding to float).
 * With FedAvg, each of n equally weighted clients can then move the mean by at most bound / n.
 *
 * <p>Memory: one adapter in addition to the other rule's; time O(d) per update. Accepts only updates with the names
 * and shapes of the global adapter. Its state is that of the other rule. Immutable, safe for many threads if the other
 * rule is.
 *
 * @see <a href="https://arxiv.org/abs/1911.07963">Sun et al. 2019</a>
 */
public final class NormClipping implements Aggregator {
    private final double bound;
    private final Aggregator rule;

    private NormClipping(double bound, Aggregator rule) {
        this.bound = bound;
        this.rule = rule;
    }

    /**
     * Clips the updates of a rule.
     *
     * @param bound largest norm of a difference, finite and above 0
     * @param rule rule that receives the clipped updates
     */
    public static NormClipping of(double bound, Aggregator rule) {
        return new NormClipping(Settings.positive("the norm's bound", bound), Objects.requireNonNull(rule, "rule"));
    }

    /** Greatest norm of a difference. */
    public double bound() {
        return bound;
    }

    /** The inner rule of a clipping rule; otherwise the rule itself. */
    static Aggregator unclipped(Aggregator rule) {
        return rule instanceof NormClipping clipping ? unclipped(clipping.rule) : rule;
    }

    @Override
    public Optional<String> refusal(Adapter globalAdapter, Adapter update) {
        return globalAdapter.differenceInForm(update).or(() -> rule.refusal(globalAdapter, update));
    }

    @Override
    public int leastUpdates() {
        return rule.leastUpdates();
    }

    @Override
    public List<ClientId> clients(List<ClientId> registered, List<ClientId> sampled, RoundContext round) {
        return rule.clients(registered, sampled, round);
    }

    @Override
    public boolean changesWithoutUpdates() {
        return rule.changesWithoutUpdates();
    }

    @Override
    public void checkState(Adapter globalAdapter, Adapter state) {
        rule.checkState(globalAdapter, state);
    }

    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        Aggregation clipped = RuleRound.given(rule.open(round, state), rule, "an Aggregation from open");
        return new RuleRound(this, round.globalAdapter(), state) {
            @Override
            void add(AdapterUpdate update) {
                double norm = Math.sqrt(global.squaredDistance(update.adapter()));
                if (!Double.isFinite(norm)) { // the rule takes NaN or infinity; floats alone cannot be that far away
                    throw refused(update, update.adapter().firstNonFinite().orElse("its distance is " + norm));
                }
                pass(norm <= bound ? update : shortened(update, global, bound / norm), rule, clipped);
            }

            @Override
            Adapter next() {
                Adapter next = given(clipped.finish(), rule, "an Adapter from finish");
                nextState = given(clipped.state(), rule, "an Adapter from state");
                return next;
            }
        };
    }

    private static AdapterUpdate shortened(AdapterUpdate update, Adapter global, double share) {
        Adapter shorter = Coordinatewise.map(update.adapter(), (name, tensor) -> {
            Tensor start = Coordinatewise.tensor(global, name);
            return Tensor.of(tensor.shape(), i -> {
                double from = start.get(i);
                return (float) (from + share * (tensor.get(i) - from));
            });
        });
        return new AdapterUpdate(
                update.runId(), update.round(), update.client(), shorter, update.samples(), update.meanLoss());
    }

    @Override
    public String toString() {
        return "NormClipping[" + bound + ", " + RoleText.of(rule) + "]";
    }
}
