package io.github.fedhds.examples.cli;

import io.github.fedhds.ClientListener;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.examples.http.HttpFederationClient;
import io.github.fedhds.examples.http.Tls;
import io.github.fedhds.examples.http.TokenFiles;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Takes part in a federation that another process serves. */
@Command(
        name = "join",
        mixinStandardHelpOptions = true,
        abbreviateSynopsis = true,
        description = {
            "Takes part in a federation that another process serves, until that is over.",
            "A client that was stopped takes part again with the same options. The data stays on this machine."
        })
final class JoinCommand implements Callable<Integer> {
    private final PrintStream out;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Mixin
    private JointOptions joint = new JointOptions();

    @Option(
            names = "--server",
            paramLabel = "URL",
            required = true,
            description = "address of the server, such as https://example.org:8443")
    private URI server = URI.create("");

    @Option(names = "--client", paramLabel = "NAME", required = true, description = "name of this client")
    private String client = "";

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            required = true,
            description = "file with this client's token, as the server made it")
    private Path tokenFile = Path.of("");

    @Option(
            names = "--data",
            paramLabel = "PATH",
            required = true,
            description = "file or folder of this client's instructions, as for run; all of them")
    private Path data = Path.of("");

    @Option(
            names = "--poll-seconds",
            paramLabel = "N",
            description = "time between two requests while the server has no message (default: 1)")
    private int pollSeconds = 1;

    JoinCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() throws InterruptedException {
        CommandLine line = spec.commandLine();
        joint.check(line);
        ComputeOptions.range(line, "--poll-seconds", pollSeconds, 1, 3600);
        if (!List.of("http", "https").contains(String.valueOf(server.getScheme())) || server.getHost() == null) {
            throw new ParameterException(line, "--server must be http://HOST:PORT or https://HOST:PORT, was " + server);
        }
        if (server.getScheme().equals("https") != joint.tls.isPresent()) {
            throw new ParameterException(line, "--tls and an address that begins with https belong together");
        }
        String token = TokenFiles.read(tokenFile);
        List<Instruction> instructions = DataFile.readAll(data);
        try (LanguageModel model = joint.load()) {
            FedHds fedHds = joint.fedHds(model, 1);
            FedHdsClient takingPart = fedHds.client(new ClientId(client))
                    .instructions(instructions)
                    .listener(new Steps())
                    .build();
            HttpFederationClient.Builder http = HttpFederationClient.builder(takingPart, fedHds.codec(), server, token)
                    .poll(Duration.ofSeconds(pollSeconds));
            joint.tls.ifPresent(file -> http.tls(Tls.of(file, joint.passwordFile.orElseThrow())));
            out.printf("client %s with %d instructions, asks %s%n", client, instructions.size(), server);
            http.build().run(() -> true);
            out.println("the run is over");
        }
        return ExitStatus.DONE;
    }

    private final class Steps implements ClientListener {
        @Override
        public void trained(AdapterUpdate update, TrainingResult result) {
            print("round %d: trained on %d samples%n", update.round(), update.samples());
        }

        @Override
        public void withdrew(Withdrawal withdrawal) {
            print("round %d: takes no part: %s%n", withdrawal.round(), withdrawal.reason());
        }

        @Override
        public void received(Receipt receipt) {
            if (receipt.isRefused()) {
                print("round %d: the server refused it: %s%n", receipt.round(), receipt.reason());
            }
        }

        private void print(String format, Object... values) {
            out.printf(format, values);
            out.flush();
        }
    }
}
