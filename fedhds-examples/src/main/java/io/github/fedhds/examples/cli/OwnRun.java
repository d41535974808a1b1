package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.examples.report.RunLog;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.ModelPool;
import io.github.fedhds.simulation.CheckpointFolder;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** A federation on the user's model and data; writes its results to a folder. */
final class OwnRun {
    private static final String ROUGE = "Rouge-L on unseen tasks";

    private final RunOptions options;
    private final OwnOptions own;
    private final PrintStream out;
    private final Optional<PrintStream> json;
    private final Path folder;
    private final OwnSetup setup;
    private final int rounds;
    private final double fraction;
    private final OwnData data;
    private final PartitionChoice partition;
    private final OwnSettings settings;
    private final Optional<Double> knownBase;
    private Optional<RunPrivacy> privacy = Optional.empty();

    /**
     * Figures of a run.
     *
     * @param base Rouge-L of the base model on the unseen tasks; empty if there are none, or in a resumed run
     * @param held instructions of the rounds' clients, over all rounds
     */
    record Result(Optional<Double> base, TunedRun run, long held) {
        /** Whether any round trained; if not, there is no adapter. */
        boolean isTrained() {
            return run.samples() > 0;
        }
    }

    /**
     * Reads the data, so that an error in it is reported before a large model is loaded. The options have been checked.
     *
     * @throws FedHdsException if it is missing, damaged or empty
     */
    OwnRun(RunOptions options, OwnOptions own, PrintStream console) {
        this(options, own, console, Optional.empty());
    }

    /**
     * The same where the base model's score is known.
     *
     * @param knownBase Rouge-L of the base model on the unseen tasks of the same data
     */
    OwnRun(RunOptions options, OwnOptions own, PrintStream console, Optional<Double> knownBase) {
        this.knownBase = knownBase;
        this.options = options;
        this.own = own;
        this.out = options.text(console);
        this.json = options.events(console);
        folder = options.out.orElseThrow();
        setup = new OwnSetup(options, own);
        rounds = setup.rounds();
        fraction = setup.fraction();
        partition = setup.partition();
        data = setup.data();
        settings = new OwnSettings(options, own, data, rounds, fraction);
    }

    /**
     * Runs all rounds.
     *
     * @param models what {@code modelFolder} and the options name
     */
    Result run(LoadedModels models, Path modelFolder) {
        try {
            return tune(models.models(), modelFolder, models.features());
        } catch (FedHdsException | IllegalArgumentException | IllegalStateException e) {
            // A NaN in the weights causes an error at the first check of any value. The search reads the whole model.
            boolean notFinite = String.valueOf(e.getMessage()).matches("(?s).*(NaN|[Ii]nfinit).*");
            if (notFinite) {
                damage(modelFolder).map(NothingTrained::damaged).ifPresent(damaged -> {
                    throw new FedHdsException(damaged, e);
                });
            }
            throw e;
        }
    }

    private Optional<String> damage(Path modelFolder) {
        return LanguageModel.firstNonFinite(modelFolder)
                .or(() -> own.featureModel.flatMap(LanguageModel::firstNonFinite));
    }

    private Result tune(ModelPool models, Path modelFolder, Optional<ModelPool> featureModels) {
        FedHds fedHds = setup.fedHds(models, featureModels);
        privacy = Optional.of(setup.privacy(models, featureModels))
                .filter(PrivacyMeasures::isAny)
                .map(measures -> new RunPrivacy(folder, out, measures));
        LanguageModel model = models.first();
        List<Instruction> unseen = data.unseen();
        SampleLength length = setup.length(model);
        // One evaluation, so that errors occur before a folder is created.
        evaluate(fedHds, unseen.subList(0, Math.min(1, unseen.size())), Adapter.empty());
        Optional<CheckpointFolder.Saved> saved = new CheckpointFolder(RunFolder.checkpoint(folder)).saved();
        boolean empty = saved.isEmpty();
        if (options.resume && saved.isPresent() && saved.get().rounds() > rounds) {
            throw new FedHdsException("--rounds must be " + saved.get().rounds()
                    + " or more to resume, because the run in " + folder + " has so many rounds, was " + rounds);
        }
        privacy.ifPresent(spent -> spent.check(data.clients().size(), options.resume, empty));
        if (!options.resume) {
            RunPrivacy.startAnew(folder);
            if (RunFolder.startAnew(List.of(folder), rounds)) {
                print("replaces the finished run in %s%n", folder);
            }
        } else if (empty && Files.exists(folder.resolve("adapter"))) {
            print("%s has no checkpoint to resume; a new run begins and replaces the one in it%n", folder);
        }
        Map<String, Object> config = settings.config(fedHds, models, modelFolder);
        RunFolder files = new RunFolder(folder, config);
        RunLog log = new RunLog(
                OptionNames.of(own.selection),
                rounds,
                Optional.of(folder),
                json,
                own.epsilon.isPresent() || own.secureAggregation);
        log.start(config, String.valueOf(fedHds.agreedSettings().get("library version")));
        try {
            Result result =
                    tune(fedHds, models, modelFolder, featureModels, length, files, log, !options.resume || empty);
            log.done(result.isTrained());
            return result;
        } catch (RuntimeException e) {
            log.failed(e);
            throw e;
        }
    }

    private Result tune(
            FedHds fedHds,
            ModelPool models,
            Path modelFolder,
            Optional<ModelPool> featureModels,
            SampleLength length,
            RunFolder files,
            RunLog log,
            boolean begins) {
        LanguageModel model = models.first();
        List<Instruction> unseen = data.unseen();
        print(
                "%d clients with %d instructions of %d %s, %d instructions of %d unseen %s; device %s, prompt template %s%n",
                data.clients().size(),
                data.instructions(),
                data.tasks(),
                data.tasks() == 1 ? "task" : "tasks",
                unseen.size(),
                data.unseenTasks(),
                data.unseenTasks() == 1 ? "task" : "tasks",
                OwnSettings.deviceNames(models),
                TemplateName.of(own.template.of(model)));
        print("%s%n", partition.describe(data.clients()));
        PartitionFiles.write(folder, partition, data.clients());
        if (unseen.isEmpty()) {
            print("no task is held out, so nothing is evaluated; name the tasks of the data by the key task%n");
        }
        Optional<Double> base = knownBase;
        if (base.isEmpty() && !unseen.isEmpty()) {
            base = begins
                    ? Optional.of(printBaseScore(fedHds))
                    : baseScore(fedHds).kept();
        }
        if (begins) {
            base.ifPresent(score -> log.evaluated(0, score));
        }
        Map<String, String> fingerprint =
                settings.fingerprint(fedHds, modelFolder, featureModels.map(ModelPool::first));
        Optional<ChoiceLines> choice =
                choice(fedHds, featureModels.orElse(models).first());
        choice.ifPresent(ChoiceLines::printNeeds);
        privacy.ifPresent(spent -> spent.open(data.clients().keySet()));
        Interruption interruption = Interruption.watch(out, rounds, true);
        TunedRun.Setting setting = new TunedRun.Setting(
                fedHds, data.clients(), rounds, fraction, options.seed, options.parallel(), federation -> {
                    Federation.Builder more = log.listened(
                                    files.listened(withCheckpoint(federation, fedHds, fingerprint)))
                            .listener(interruption);
                    privacy.ifPresent(spent -> more.ledgers(spent::ledger).listener(spent));
                    return choice.map(more::listener).orElse(more);
                });
        TunedRun run;
        try (ConsoleProgress progress = new ConsoleProgress(out, OptionNames.of(own.selection), rounds)) {
            run = setting.chosenBy(setup.selection(), progress);
        } finally {
            interruption.close();
            privacy.ifPresent(RunPrivacy::close);
        }
        writeAdapters(run, files, fedHds, modelFolder);
        choice.ifPresent(lines -> lines.printCost(run.rounds(), setting.held(run)));
        printSummary(run, setting.held(run), fedHds, length, modelFolder);
        return new Result(base, run, setting.held(run));
    }

    /** Empty if the selection needs no features. */
    private Optional<ChoiceLines> choice(FedHds fedHds, LanguageModel ofFeatures) {
        if (!own.selection.needsFeatures()) {
            return Optional.empty();
        }
        return Optional.of(new ChoiceLines(
                out,
                fedHds.codec(),
                ofFeatures.sampleEncoder(own.template.of(ofFeatures), own.maxLength),
                data.clients().values().stream().flatMap(List::stream).toList(),
                rounds,
                fraction,
                own.hasFixedFeatures()));
    }

    private BaseScore baseScore(FedHds fedHds) {
        return BaseScore.of(folder, own.featureCache, settings.scored(fedHds).settings());
    }

    private double printBaseScore(FedHds fedHds) {
        BaseScore base = baseScore(fedHds);
        String origin = base.kept().isPresent() ? ", kept in " + base.file() : "";
        double score = base.orCompute(
                () -> evaluate(fedHds, data.unseen(), Adapter.empty()).orElseThrow());
        print("base model: Rouge-L %.4f on unseen tasks%s%n", score, origin);
        return score;
    }

    private void writeAdapters(TunedRun run, RunFolder files, FedHds fedHds, Path modelFolder) {
        if (run.samples() == 0) {
            return;
        }
        ModelCard card = card(run, modelFolder);
        OptionalDouble last = run.rounds().get(run.rounds().size() - 1).score();
        files.adapter(
                fedHds.lora(), run.adapter(), last.isPresent() ? card.with(ROUGE, score(last.getAsDouble())) : card);
        if (own.evaluateEvery > 0) {
            run.best().ifPresent(best -> {
                files.bestAdapter(
                        fedHds.lora(),
                        best.adapter(),
                        card.with("round", String.valueOf(best.round())).with(ROUGE, score(best.score())));
                print("best: Rouge-L %.4f after round %d%n", best.score(), best.round());
            });
        }
    }

    private ModelCard card(TunedRun run, Path modelFolder) {
        ModelCard plain = ModelCard.of(modelFolder);
        ModelCard card = own.tokenizer.map(plain::withTokenizer).orElse(plain);
        return own.baseName
                .map(card::withBaseName)
                .orElse(card)
                .with("rounds", String.valueOf(run.rounds().size()))
                .with("clients", String.valueOf(data.clients().size()))
                .with("selection", OptionNames.of(own.selection))
                .with("instructions trained on", run.samples() + " in all rounds, of " + data.instructions());
    }

    private static String score(double rougeL) {
        return String.format(Locale.ROOT, "%.4f", rougeL);
    }

    private void printSummary(TunedRun run, long held, FedHds fedHds, SampleLength length, Path modelFolder) {
        print(
                "trained on %d of the %d instructions that the clients of all rounds hold, counted once per round (%.2f %%);"
                        + " wrote %s%n",
                run.samples(), held, 100.0 * run.samples() / Math.max(1, held), folder);
        fedHds.featureCache().map(FeatureCache::statistics).ifPresent(rows -> out.println(CacheLine.of(rows)));
        boolean notFinite =
                run.rounds().stream().anyMatch(round -> round.result().counts().skippedNonFinite() > 0);
        Optional<String> damage = notFinite ? damage(modelFolder) : Optional.empty();
        if (run.samples() == 0) {
            out.println("nothing was trained, so there is no adapter: "
                    + NothingTrained.causes(run.rounds(), help(length), damage));
        } else if (notFinite) {
            out.println("some training steps were not finite and were left out: "
                    + damage.map(NothingTrained::damaged).orElse("lower --learning-rate"));
        }
    }

    private void print(String format, Object... values) {
        out.printf(Locale.ROOT, format, values);
    }

    private NothingTrained.Help help(SampleLength length) {
        boolean paper = own.selection == SelectionName.FEDHDS;
        return new NothingTrained.Help(
                "give each client more of them (--instances 1, fewer --clients), or choose with --selection "
                        + (paper ? "recommended" : "random"),
                moreClients(paper),
                length.tooLong());
    }

    /** More clients in a round help only if some are not in it. */
    private String moreClients(boolean paper) {
        String another = "choose with --selection " + (paper ? "recommended" : "random");
        return fraction < 1 ? "give a round more clients (--fraction), or " + another : another;
    }

    private Federation.Builder withCheckpoint(
            Federation.Builder federation, FedHds fedHds, Map<String, String> fingerprint) {
        if (!data.unseen().isEmpty()) {
            federation
                    .evaluation(
                            own.evaluateEvery,
                            adapter -> evaluate(fedHds, data.unseen(), adapter).orElseThrow())
                    .patience(own.patience);
        }
        return federation.checkpoint(RunFolder.checkpoint(folder), fingerprint).resume(options.resume);
    }

    private Optional<Double> evaluate(FedHds fedHds, List<Instruction> unseen, Adapter adapter) {
        if (unseen.isEmpty()) {
            return Optional.empty();
        }
        AnswerEvaluator evaluator = fedHds.evaluator(own.answerTokens)
                .parallel(options.parallel())
                .progress(new EvaluationLines(ProgressBar.on(out)));
        return Optional.of(fedHds.evaluate(evaluator, unseen, adapter).rougeL());
    }
}
