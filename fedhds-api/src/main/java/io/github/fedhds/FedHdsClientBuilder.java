package io.github.fedhds;

import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.release.ReportRelease;
import io.github.fedhds.release.UpdateRelease;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.LocalTrainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Settings and roles of a {@link FedHdsClient}, from {@link FedHdsClient#builder}. Not safe for many threads. */
public final class FedHdsClientBuilder {
    final ClientId id;
    List<Instruction> instructions = List.of();

    @Nullable
    FeatureExtractor extractor;

    @Nullable
    Fusion fusion;

    @Nullable
    CoresetSelector selector;

    @Nullable
    LocalTrainer trainer;

    SampleScorer scorer = (kind, list, round) -> {
        throw new IllegalStateException(
                "the selector asks for " + kind + ", but the client has no scorer; set one on the builder");
    };
    ReportRelease reportRelease = ReportRelease.exact();
    UpdateRelease updateRelease = UpdateRelease.exact();
    Optional<SecureAggregation> secureAggregation = Optional.empty();
    Map<String, String> agreedSettings = Map.of();
    final List<ClientListener> listeners = new ArrayList<>();

    FedHdsClientBuilder(ClientId id) {
        this.id = id;
    }

    /** The private instructions, copied; none by default, and then the client reports no centroids. */
    public FedHdsClientBuilder instructions(List<Instruction> instructions) {
        Objects.requireNonNull(instructions, "instructions")
                .forEach(one -> Objects.requireNonNull(one, "one of the instructions"));
        this.instructions = List.copyOf(instructions);
        return this;
    }

    /**
     * Settings that the server must have with equal values, by name, such as the model's digest, the prompt template or the
     * LoRA rank; none by default. For a role of your own, add what its result depends on, on both sides. Where an opening
     * has other names or values, the client withdraws and says why. Replaces all settings set before; a role that is
     * replaced on this builder does not change them.
     */
    public FedHdsClientBuilder agreedSettings(Map<String, String> agreedSettings) {
        this.agreedSettings = FedHdsServerBuilder.copyOf(agreedSettings, "agreedSettings");
        return this;
    }

    /** Adds a listener to the client's events, called after those added before; none by default. */
    public FedHdsClientBuilder listener(ClientListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /** Step 2: computes a feature row of each instruction. Must be set. */
    public FedHdsClientBuilder featureExtractor(FeatureExtractor featureExtractor) {
        this.extractor = Objects.requireNonNull(featureExtractor, "featureExtractor");
        return this;
    }

    /**
     * Step 3: reduces feature rows to few coordinates. Must be set. Without a shared frame, {@link
     * FedHdsServerBuilder#dimensions} must be {@link Fusion#dimensions}. Does not change {@link #agreedSettings}: where the
     * builder has been given some that name another fusion, they still name that one, and a difference from the server's is
     * not noticed.
     */
    public FedHdsClientBuilder fusion(Fusion fusion) {
        this.fusion = Objects.requireNonNull(fusion, "fusion");
        return this;
    }

    /**
     * Steps 4, 5 and 8: groups the instructions and names the representative ones of each group. Must be set. Does not change
     * {@link #agreedSettings}, as with {@link #fusion}.
     */
    public FedHdsClientBuilder selector(CoresetSelector selector) {
        this.selector = Objects.requireNonNull(selector, "selector");
        return this;
    }

    /**
     * Step 9: trains the adapter on the chosen instructions. Must be set. Does not change {@link #agreedSettings}, as with
     * {@link #fusion}.
     */
    public FedHdsClientBuilder trainer(LocalTrainer trainer) {
        this.trainer = Objects.requireNonNull(trainer, "trainer");
        return this;
    }

    /** Scores instructions for selectors that ask for scores; by default asking is an error. */
    public FedHdsClientBuilder scorer(SampleScorer scorer) {
        this.scorer = Objects.requireNonNull(scorer, "scorer");
        return this;
    }

    /** Step 6: what leaves the client of its groups; the exact report by default. */
    public FedHdsClientBuilder reportRelease(ReportRelease reportRelease) {
        this.reportRelease = Objects.requireNonNull(reportRelease, "reportRelease");
        return this;
    }

    /** What leaves the client of its trained adapter; the exact update by default. */
    public FedHdsClientBuilder updateRelease(UpdateRelease updateRelease) {
        this.updateRelease = Objects.requireNonNull(updateRelease, "updateRelease");
        return this;
    }

    /** How updates are summed so that the server learns their mean only, as the server has it; none by default. */
    public FedHdsClientBuilder secureAggregation(SecureAggregation secureAggregation) {
        this.secureAggregation = Optional.of(Objects.requireNonNull(secureAggregation, "secureAggregation"));
        return this;
    }

    /**
     * Wraps the feature extractor that is set so far, with a timer or a cache for example. Several calls nest.
     *
     * @throws NullPointerException if none is set yet
     */
    public FedHdsClientBuilder aroundFeatureExtractor(UnaryOperator<FeatureExtractor> wrapper) {
        this.extractor = around(extractor, wrapper, "featureExtractor");
        return this;
    }

    /**
     * Wraps the trainer that is set so far, with a timer or a log for example. Several calls nest.
     *
     * @throws NullPointerException if none is set yet
     */
    public FedHdsClientBuilder aroundTrainer(UnaryOperator<LocalTrainer> wrapper) {
        this.trainer = around(trainer, wrapper, "trainer");
        return this;
    }

    private static <T> T around(@Nullable T role, UnaryOperator<T> wrapper, String setting) {
        Objects.requireNonNull(wrapper, () -> "wrapper around the " + setting);
        return RoleAnswer.require(
                wrapper.apply(FedHdsClient.require(role, setting)), "wrapper around the " + setting, "a " + setting);
    }

    /** Builds the client. */
    public FedHdsClient build() {
        return new FedHdsClient(this);
    }
}
