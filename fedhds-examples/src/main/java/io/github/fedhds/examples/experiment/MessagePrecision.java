package io.github.fedhds.examples.experiment;

import io.github.fedhds.codec.AdapterPrecision;
import io.github.fedhds.codec.EncodedMessage;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.codec.RoundingError;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.Traffic;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Effect of fewer bits for the clients' updates: bytes, the adapters' error, and the losses of the rounds, each of
 * which starts from the rounded updates of the previous rounds.
 */
@Command(
        name = "message-precision",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Bytes, errors and losses with updates in 32, 16 and 8 bits.")
public final class MessagePrecision implements Callable<Integer> {
    @Option(names = "--clients", description = "clients, all in each round")
    private int clients = 6;

    @Option(names = "--samples", description = "instructions a client, at most")
    private int samples = 16;

    @Option(names = "--rounds", description = "rounds; the last one's loss is that after the rounds before")
    private int rounds = 3;

    @Option(names = "--learning-rate", description = "of each client's Adam")
    private double learningRate = 2e-3;

    @Option(names = "--seed", description = "seed of the partition and the training")
    private long seed = 1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new MessagePrecision());
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try (LanguageModel model = EmbeddedModel.load(ModelOptions.defaults().onDevice("cpu"))) {
            for (AdapterPrecision precision : AdapterPrecision.values()) {
                out.println(line(model, precision));
                out.flush();
            }
        }
        return 0;
    }

    private String line(LanguageModel model, AdapterPrecision precision) {
        MessageCodec codec = MessageCodec.builder().updates(precision).build();
        Traffic traffic = new Traffic();
        List<RoundingError> errors = Collections.synchronizedList(new ArrayList<>());
        Federation federation = Federation.builder(fedHds(model))
                .clients(data())
                .activeShare(1)
                .rounds(rounds)
                .seed(seed)
                .clientSettings(client -> client.aroundTrainer(trainer -> (list, round) -> {
                    TrainingResult trained = trainer.train(list, round);
                    return sent(trained, round, codec, traffic, errors);
                }))
                .build();
        StringBuilder losses = new StringBuilder();
        for (RoundReport report : federation.run()) {
            losses.append(String.format(Locale.ROOT, " %.4f", report.result().meanLoss()));
        }
        RoundingError error = Collections.max(errors, Comparator.comparingDouble(RoundingError::relative));
        return String.format(
                Locale.ROOT,
                "%s: %,d bytes an update, largest error %.2e, relative %.2e; losses of the rounds%s",
                precision,
                traffic.total().bytesUp() / Math.max(1, traffic.total().messagesUp()),
                error.largest(),
                error.relative(),
                losses);
    }

    /** The result as the server would read it. */
    private static TrainingResult sent(
            TrainingResult trained,
            RoundContext round,
            MessageCodec codec,
            Traffic traffic,
            List<RoundingError> errors) {
        ClientId client = round.client().orElseThrow();
        EncodedMessage form = codec.encode(new AdapterUpdate(
                round.runId(), round.round(), client, trained.adapter(), trained.samples(), trained.meanLoss()));
        traffic.toServer(round.round(), client, form.kind(), form.bytes());
        errors.add(form.roundingError());
        AdapterUpdate update = codec.decode(form.toByteArray()).as(AdapterUpdate.class);
        return new TrainingResult(update.adapter(), trained.samples(), trained.losses());
    }

    private FedHds fedHds(LanguageModel model) {
        return FedHds.on(model)
                .learningRate(learningRate)
                .maxTokens(model.config().contextLength())
                .selection(Selection.everything())
                .build();
    }

    private Map<ClientId, List<Instruction>> data() {
        Map<String, List<Instruction>> byTask = EmbeddedComparison.trainingTasks();
        Map<ClientId, List<Instruction>> some = new LinkedHashMap<>();
        EmbeddedComparison.clients(byTask, Math.max(24, clients), seed).forEach((id, list) -> {
            if (some.size() < clients) {
                some.put(id, list.subList(0, Math.min(samples, list.size())));
            }
        });
        return some;
    }
}
