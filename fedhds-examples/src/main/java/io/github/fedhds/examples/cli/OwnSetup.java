package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.secure.MaskedAggregation;
import io.github.fedhds.selection.RandomSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.setup.ModelPool;
import io.github.fedhds.transformer.LanguageModel;
import java.util.List;
import java.util.Optional;

/** What the options of a run on the user's model and data mean: the data, the rounds, the roles and the selection. */
final class OwnSetup {
    /**
     * With fewer clients per round, the server rarely finds two centroids near each other, and then selects no group.
     */
    private static final int LEAST_ACTIVE = 16;

    private final RunOptions options;
    private final OwnOptions own;
    private final PartitionChoice partition;
    private final OwnData data;
    private final int rounds;
    private final double fraction;

    /**
     * Reads the data, so that an error in it is reported before a large model is loaded. The options have been checked.
     *
     * @throws FedHdsException if it is missing, damaged or empty
     */
    OwnSetup(RunOptions options, OwnOptions own) {
        this.options = options;
        this.own = own;
        rounds = options.rounds.orElse(10);
        partition = PartitionChoice.of(own.partition, options.clients);
        data = OwnData.read(
                        own.data.orElseThrow(),
                        new OwnData.Reading(own.instances, own.heldOut, true, options.seed),
                        partition,
                        options.clients)
                .evaluatedOn(own.evaluateLimit, own.evaluateTasks, options.seed);
        fraction = options.fraction.orElse(Math.max(
                0.05, Math.min(1, LEAST_ACTIVE / (double) data.clients().size())));
        int active = active();
        int least = MaskedAggregation.defaults().leastClients();
        if (own.secureAggregation && active < least) {
            throw new FedHdsException("--secure-aggregation needs " + least
                    + " clients or more in a round, and there are " + active + " (--fraction " + fraction + " of "
                    + data.clients().size() + " clients); raise "
                    + (data.clients().size() < least ? "--clients" : "--fraction"));
        }
        if (own.patience > 0 && data.unseen().isEmpty()) {
            throw new FedHdsException(
                    own.data.orElseThrow() + " has no unseen tasks to evaluate on, which --patience needs");
        }
    }

    PartitionChoice partition() {
        return partition;
    }

    OwnData data() {
        return data;
    }

    int rounds() {
        return rounds;
    }

    /** Share of the clients in a round. */
    double fraction() {
        return fraction;
    }

    /** Number of clients in a round, as the server draws them. */
    int active() {
        return Math.max(1, (int) (fraction * data.clients().size() + 1e-9));
    }

    /** The longest sample of a model, checked for the evaluation's answers. */
    SampleLength length(LanguageModel model) {
        SampleLength length = new SampleLength(
                model.sampleEncoder(own.template.of(model), own.maxLength),
                own.maxLength,
                model.config().contextLength());
        length.check(data.unseen().isEmpty() ? 1 : own.answerTokens);
        return length;
    }

    /** The measures of privacy that the options ask for. */
    PrivacyMeasures privacy(ModelPool models, Optional<ModelPool> featureModels) {
        return PrivacyMeasures.of(
                own,
                rounds,
                fraction,
                data.clients().size(),
                featureModels.orElse(models).first().config().layers(),
                LoraTrainer.firstAdapter(models.first().config(), lora(), 0).parameters());
    }

    /**
     * All roles of clients and server.
     *
     * @throws FedHdsException if an option does not fit the model
     */
    FedHds fedHds(ModelPool models, Optional<ModelPool> featureModels) {
        FedHdsBuilder parts = own.on(models, featureModels, options.fusion)
                .trainer(trainer -> trainer.gradientCheckpointing(own.gradientCheckpointing));
        options.learningRate.ifPresent(parts::learningRate);
        parts.epochs(own.epochs);
        if (own.selection == SelectionName.RECOMMENDED) {
            parts.recommended(own.share);
        }
        List<String> modules = own.targetModules;
        try {
            privacy(models, featureModels).on(parts, own.selection);
            return parts.lora(lora()).build();
        } catch (IllegalArgumentException e) {
            throw modules.isEmpty()
                    ? e
                    : new FedHdsException("--target-modules " + String.join(",", modules) + ": " + e.getMessage(), e);
        }
    }

    private LoraConfig lora() {
        LoraConfig lora = LoraConfig.defaults();
        return own.targetModules.isEmpty() ? lora : lora.withTargetModules(own.targetModules);
    }

    /** How clients and server choose the samples. */
    Selection selection() {
        return switch (own.selection) {
            case FEDHDS -> own.paper(options.samplesPerGroup, options.seed);
            case RECOMMENDED -> Selection.recommended(own.share);
            case BALANCED -> Selection.balanced(own.share);
            case FULL -> Selection.everything();
            case RANDOM -> Selection.everything().withClient(RandomSelector.count(this::randomSamples));
        };
    }

    private int randomSamples(RoundContext context) {
        List<Instruction> held = data.clients().getOrDefault(context.client().orElseThrow(), List.of());
        return Math.max(1, (int) Math.round(own.share * held.size()));
    }
}
