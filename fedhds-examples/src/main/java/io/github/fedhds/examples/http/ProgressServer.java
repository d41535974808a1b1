package io.github.fedhds.examples.http;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.RoundProgress;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Shows the progress of a {@link FedHdsServer} on this machine: a page that renews itself every two seconds, and {@code /progress.json}. It
 * has no password, so it listens at the loopback address only. Safe for many threads.
 */
public final class ProgressServer implements AutoCloseable {
    /** Names of clients that the page shows of each kind. */
    private static final int SHOWN = 50;

    private static final int BACKLOG = 16;

    private static final Gson JSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private final FedHdsServer federation;
    private final int rounds;
    private final HttpServer http;
    private final List<RoundResult> results = new ArrayList<>();

    /**
     * Starts to listen.
     *
     * @param rounds number of all rounds
     * @param port 0: a free one
     * @throws FedHdsException if it cannot listen there
     */
    public ProgressServer(FedHdsServer federation, int rounds, int port) {
        this.federation = federation;
        this.rounds = rounds;
        try {
            http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
        } catch (IOException e) {
            throw new FedHdsException("the progress cannot be shown at port " + port + ": " + e.getMessage(), e);
        }
        http.createContext("/", exchange -> send(exchange, "text/html", page()));
        http.createContext("/progress.json", exchange -> send(exchange, "application/json", JSON.toJson(progress())));
        http.start();
    }

    /** Address of the page. */
    public URI address() {
        return URI.create("http://127.0.0.1:" + http.getAddress().getPort() + "/");
    }

    /** Adds the result of a round. */
    public synchronized void closed(RoundResult result) {
        results.add(result);
    }

    private static void send(HttpExchange exchange, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.sendResponseHeaders(Protocol.OK, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private synchronized Map<String, Object> progress() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("run", federation.runId());
        all.put("registered", federation.clients().size());
        all.put("rounds", rounds);
        federation.progress().ifPresent(open -> {
            all.put("round", open.round());
            all.put("step", step(open));
            all.put("answered", names(open.answered()));
            all.put("missing", names(open.missing()));
            all.put("withdrawn", names(open.withdrawn()));
            all.put("needed", open.needed());
            open.voidReason().ifPresent(reason -> all.put("void", reason));
        });
        all.put("results", results.stream().map(ProgressServer::result).toList());
        return all;
    }

    private static String step(RoundProgress open) {
        return open.step().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static List<String> names(List<ClientId> clients) {
        return clients.stream().map(ClientId::value).toList();
    }

    private static Map<String, Object> result(RoundResult result) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("round", result.round());
        one.put("clients", result.clients());
        one.put("reports", result.reports());
        one.put("updates", result.updates());
        one.put("samples", result.samples());
        if (Double.isFinite(result.meanLoss())) {
            one.put("loss", result.meanLoss());
        }
        result.voidReason().ifPresent(reason -> one.put("void", reason));
        return one;
    }

    private synchronized String page() {
        StringBuilder page = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
                + "<meta http-equiv=\"refresh\" content=\"2\"/>"
                + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
                + "<meta name=\"color-scheme\" content=\"light dark\"/><title>FedHDS progress</title>"
                + "<style>body{font-family:sans-serif;margin:1rem;max-width:50rem}td,th{text-align:left;padding:.2rem .8rem"
                + " .2rem 0;vertical-align:top;overflow-wrap:anywhere}</style></head><body>");
        page.append("<h1>")
                .append(escape(federation.runId()))
                .append("</h1><p>")
                .append(federation.clients().size())
                .append(" clients, ")
                .append(rounds)
                .append(" rounds</p>");
        Optional<RoundProgress> open = federation.progress();
        if (open.isPresent()) {
            RoundProgress now = open.get();
            page.append("<h2>Round ")
                    .append(now.round())
                    .append(": ")
                    .append(step(now))
                    .append("</h2><table>");
            row(page, "answered", now.answered());
            row(page, "missing", now.missing());
            row(page, "withdrawn", now.withdrawn());
            page.append("</table>");
        } else {
            page.append("<p>No round is open.</p>");
        }
        page.append(
                "<h2>Rounds that are over</h2><table><tr><th>round</th><th>reports</th><th>adapters</th><th>samples</th>"
                        + "<th>loss</th></tr>");
        for (RoundResult result : results) {
            page.append(String.format(
                    Locale.ROOT,
                    "<tr><td>%d</td><td>%d of %d</td><td>%d</td><td>%d</td><td>%s</td></tr>",
                    result.round(),
                    result.reports(),
                    result.clients(),
                    result.updates(),
                    result.samples(),
                    escape(result.voidReason()
                            .map(reason -> "void: " + reason)
                            .orElse(String.format(Locale.ROOT, "%.3f", result.meanLoss())))));
        }
        return page.append("</table></body></html>\n").toString();
    }

    private static void row(StringBuilder page, String name, List<ClientId> clients) {
        String shown = String.join(", ", names(clients.subList(0, Math.min(SHOWN, clients.size()))));
        page.append("<tr><th>")
                .append(name)
                .append("</th><td>")
                .append(clients.size())
                .append("</td><td>")
                .append(escape(shown))
                .append(clients.size() > SHOWN ? ", ..." : "")
                .append("</td></tr>");
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    @Override
    public void close() {
        http.stop(0);
    }
}
