package io.github.fedhds.examples.cli;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.examples.http.HttpFederationServer;
import io.github.fedhds.examples.http.ProgressServer;
import io.github.fedhds.examples.http.ServerRounds;
import io.github.fedhds.examples.http.Tls;
import io.github.fedhds.examples.http.TokenFiles;
import io.github.fedhds.examples.http.Tokens;
import io.github.fedhds.examples.http.VllmPublisher;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.state.ServerStore;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Serves a federation over HTTP to clients in other processes. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        abbreviateSynopsis = true,
        description = {
            "Serves a federation over HTTP to clients in other processes, which start with join.",
            "The first start makes a token for each client in DIR/tokens: hand it to the client in secret.",
            "A server that was stopped goes on with the same options."
        })
final class ServeCommand implements Callable<Integer> {
    private static final Duration FAREWELL = Duration.ofSeconds(10);

    private final PrintStream out;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Mixin
    private JointOptions joint = new JointOptions();

    @Option(
            names = "--state",
            paramLabel = "DIR",
            required = true,
            description = "folder for the state, the tokens and adapter/")
    private Path state = Path.of("");

    @Option(
            names = "--clients",
            split = ",",
            paramLabel = "NAME",
            description = "names of all clients, separated by commas; needed for the first start")
    private List<String> clients = List.of();

    @Option(names = "--rounds", paramLabel = "N", description = "rounds (default: 10)")
    private int rounds = 10;

    @Option(
            names = "--fraction",
            paramLabel = "SHARE",
            description = "share of the clients that a round names (default: 1)")
    private double fraction = 1;

    @Option(
            names = "--share",
            paramLabel = "SHARE",
            description = "share of a round's instructions that is selected (default: 0.015)")
    private double share = 0.015;

    @Option(names = "--seed", paramLabel = "N", description = "seed of the run (default: 1)")
    private long seed = 1;

    @Option(
            names = "--step-seconds",
            paramLabel = "N",
            description = "time that clients have for their reports, and again for their adapters (default: 3600)")
    private int stepSeconds = 3600;

    @Option(names = "--host", paramLabel = "HOST", description = "address to listen at (default: 127.0.0.1)")
    private String host = "127.0.0.1";

    @Option(names = "--port", paramLabel = "N", description = "port; 0: a free one (default: 8443)")
    private int port = 8443;

    @Option(
            names = "--progress-port",
            paramLabel = "N",
            description = "port at 127.0.0.1 of a page with the progress of all clients (default: none)")
    private Optional<Integer> progressPort = Optional.empty();

    @Option(
            names = "--publish",
            paramLabel = "URL",
            description =
                    "vLLM server that loads the adapter of each round, such as http://localhost:8000 (default: none)")
    private Optional<URI> publish = Optional.empty();

    @Option(
            names = "--publish-name",
            paramLabel = "NAME",
            description = "beginning of the adapters' names there; the round follows (default: tuned)")
    private String publishName = "tuned";

    ServeCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() throws InterruptedException {
        check(spec.commandLine());
        Map<ClientId, String> hashes =
                TokenFiles.open(state, clients.stream().map(ClientId::new).toList());
        ServerStore store = ServerStore.open(state.resolve("server"));
        try (LanguageModel model = joint.load();
                ServerStore.Lock lock = store.lock()) {
            FedHds fedHds = joint.fedHds(model, share);
            FedHdsServerBuilder parts =
                    fedHds.server(List.copyOf(hashes.keySet()), seed).sampler(ClientSampler.uniform(fraction));
            store.load().ifPresent(parts::restore);
            FedHdsServer server = parts.build();
            ServerRounds steps = new ServerRounds(server, store, Duration.ofSeconds(stepSeconds));
            HttpFederationServer.Builder http = HttpFederationServer.builder(
                            server, fedHds.codec(), Tokens.ofHashes(hashes))
                    .address(new InetSocketAddress(host, port));
            joint.tls.ifPresent(file -> http.tls(Tls.of(file, joint.passwordFile.orElseThrow())));
            try (HttpFederationServer listening = http.start()) {
                out.printf(
                        "%d clients, %s after round %d of %d, at %s%n",
                        hashes.size(),
                        server.state().round() == 0 ? "begins" : "goes on",
                        server.state().round(),
                        rounds,
                        listening.address());
                run(server, steps, fedHds);
                listening.finish(FAREWELL);
            }
            return server.globalAdapter().isEmpty() ? ExitStatus.NOTHING_TRAINED : ExitStatus.DONE;
        }
    }

    private void run(FedHdsServer server, ServerRounds steps, FedHds fedHds) throws InterruptedException {
        if (progressPort.isEmpty()) {
            steps.run(rounds, result -> closed(result, fedHds));
            return;
        }
        try (ProgressServer progress = new ProgressServer(server, rounds, progressPort.get())) {
            out.println("progress at " + progress.address());
            steps.run(rounds, result -> {
                progress.closed(result);
                closed(result, fedHds);
            });
        }
    }

    private void check(CommandLine line) {
        joint.check(line);
        ComputeOptions.range(line, "--rounds", rounds, 1, 1_000_000);
        ComputeOptions.share(line, "--fraction", fraction);
        ComputeOptions.share(line, "--share", share);
        ComputeOptions.range(line, "--step-seconds", stepSeconds, 1, 10_000_000);
        ComputeOptions.range(line, "--port", port, 0, 65535);
        progressPort.ifPresent(value -> ComputeOptions.range(line, "--progress-port", value, 0, 65535));
        if (clients.isEmpty() && Files.notExists(state.resolve("tokens.json"))) {
            throw new ParameterException(line, "--clients must name the clients at the first start");
        }
    }

    private void closed(RoundResult result, FedHds fedHds) {
        if (result.isEmpty()) {
            out.printf(
                    "round %d of %d: nothing was trained, %s%n",
                    result.round(), rounds, result.voidReason().orElse("no update came"));
        } else {
            Path folder = state.resolve("adapter");
            PeftFolder.write(folder, fedHds.lora(), result.adapter(), ModelCard.of(joint.model));
            out.printf(
                    Locale.ROOT,
                    "round %d of %d: %d of %d clients reported, %d of %d groups chosen, %d samples of %d clients, loss %.3f;"
                            + " wrote %s%n",
                    result.round(),
                    rounds,
                    result.reports(),
                    result.clients(),
                    result.chosen(),
                    result.centroids(),
                    result.samples(),
                    result.updates(),
                    result.meanLoss(),
                    folder);
            publish(result, fedHds);
        }
        out.flush();
    }

    /** A server that is away for a while costs one round's adapter there, not the run. */
    private void publish(RoundResult result, FedHds fedHds) {
        publish.ifPresent(vllm -> {
            try {
                String name = new VllmPublisher(vllm, publishName, state.resolve("published"))
                        .publish(result.round(), fedHds.lora(), result.adapter(), ModelCard.of(joint.model));
                out.println("published as " + name);
            } catch (FedHdsException e) {
                out.println("not published: " + e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }
}
