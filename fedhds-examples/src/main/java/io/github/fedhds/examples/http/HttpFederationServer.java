package io.github.fedhds.examples.http;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.codec.EncodedMessage;
import io.github.fedhds.codec.InvalidMessageException;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the messages of a {@link FedHdsServer} over HTTP. The application opens and closes the rounds; clients ask for their next message
 * and send their answers, as {@link HttpFederationClient} does. Whoever has no token of a client is refused with 401, and each refusal is
 * logged once for its reason and sender. Bound to 127.0.0.1 unless another address is given. A body is read with the codec's limits,
 * and refused when it comes too slowly. Safe for many threads.
 *
 * <p>With TLS and a context that trusts the clients' authority, each client needs a certificate, whose common name (CN) is its id.
 */
public final class HttpFederationServer implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(HttpFederationServer.class);

    /** Threads at most; a request that waits for its bytes has one. */
    private static final int THREADS = 256;

    private static final int BACKLOG = 1024;

    /** Refusals that are remembered, so that each is logged once. */
    private static final int LOGGED = 10_000;

    static {
        // Read when the JDK's server is loaded. Without the first, each answer waits up to 40 ms for the
        // acknowledgement of its head.
        setIfAbsent("sun.net.httpserver.nodelay", "true");
        setIfAbsent("sun.net.httpserver.maxReqTime", "600");
        setIfAbsent("sun.net.httpserver.maxRspTime", "600");
    }

    private final FedHdsServer federation;
    private final MessageCodec codec;
    private final Tokens tokens;
    private final Optional<SSLContext> tls;
    private final long bytesPerSecond;
    private final Nonces nonces = new Nonces(() -> Instant.now().getEpochSecond());
    private final Set<String> logged = ConcurrentHashMap.newKeySet();
    private final Set<ClientId> told = ConcurrentHashMap.newKeySet();
    private final HttpServer http;
    private final ExecutorService threads = new ThreadPoolExecutor(
            0,
            THREADS,
            30,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            runnable -> {
                Thread thread = new Thread(runnable, "fedhds-http");
                thread.setDaemon(true);
                return thread;
            },
            new ThreadPoolExecutor.CallerRunsPolicy());

    private volatile boolean over;

    private HttpFederationServer(Builder builder) {
        federation = builder.federation;
        codec = builder.codec;
        tokens = builder.tokens;
        tls = builder.tls;
        bytesPerSecond = builder.bytesPerSecond;
        try {
            http = tls.isPresent()
                    ? HttpsServer.create(builder.address, BACKLOG)
                    : HttpServer.create(builder.address, BACKLOG);
        } catch (IOException e) {
            throw new FedHdsException("cannot listen at " + builder.address + ": " + e.getMessage(), e);
        }
        tls.ifPresent(context -> ((HttpsServer) http).setHttpsConfigurator(new HttpsConfigurator(context) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters ours = context.getDefaultSSLParameters();
                ours.setNeedClientAuth(true);
                parameters.setSSLParameters(ours);
            }
        }));
        http.setExecutor(threads);
        http.createContext("/", this::handle);
        http.start();
    }

    private static void setIfAbsent(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /**
     * Settings of a server.
     *
     * @param codec with the limits of the run, {@link FedHdsServer#messageLimits}
     * @param tokens of all clients
     */
    public static Builder builder(FedHdsServer federation, MessageCodec codec, Tokens tokens) {
        return new Builder(federation, codec, tokens);
    }

    /** The address that clients connect to. */
    public URI address() {
        InetSocketAddress bound = http.getAddress();
        String host = bound.getAddress().isAnyLocalAddress() ? "localhost" : bound.getHostString();
        return URI.create((tls.isPresent() ? "https://" : "http://") + host + ":" + bound.getPort());
    }

    private void handle(HttpExchange exchange) throws IOException {
        try {
            String path = exchange.getRequestURI().getPath();
            if (!path.equals(Protocol.PATH)) {
                throw new HttpRefusal(Protocol.NOT_FOUND, "there is only " + Protocol.PATH);
            }
            ClientId client = client(exchange);
            if (over) {
                told.add(client);
                throw new HttpRefusal(Protocol.OVER, "the run is over");
            }
            switch (exchange.getRequestMethod()) {
                case "GET" -> answer(exchange, federation.messageFor(client));
                case "POST" -> answer(exchange, accept(exchange, client));
                default ->
                    throw new HttpRefusal(Protocol.WRONG_METHOD, "GET asks for the next message, POST sends an answer");
            }
        } catch (HttpRefusal refusal) {
            refuse(exchange, refusal);
        } catch (BodyStream.Unread unread) {
            refuse(exchange, unread.refusal());
        } catch (IOException e) { // the client is gone, and will ask again
            LOGGER.debug("a connection of {} broke", exchange.getRemoteAddress(), e);
            exchange.close();
        } catch (RuntimeException e) {
            LOGGER.error("a request of {} failed", exchange.getRemoteAddress(), e);
            refuse(exchange, new HttpRefusal(Protocol.FAILED, "the server failed; its log says why"));
        }
    }

    /** Whom a request is from; after this it is known to be of this client, of now, and new. */
    private ClientId client(HttpExchange exchange) throws HttpRefusal {
        Headers headers = exchange.getRequestHeaders();
        String authorization = Objects.requireNonNullElse(headers.getFirst("Authorization"), "");
        Optional<ClientId> owner = authorization.startsWith("Bearer ")
                ? tokens.owner(authorization.substring("Bearer ".length()).strip())
                : Optional.empty();
        ClientId client = owner.orElseThrow(() -> new HttpRefusal(
                Protocol.UNAUTHORIZED,
                "the request has no token of a client of this run; send it as Authorization: Bearer TOKEN"));
        String version = Objects.requireNonNullElse(headers.getFirst(Protocol.VERSION_HEADER), "none");
        if (!version.equals(String.valueOf(Protocol.VERSION))) {
            throw new HttpRefusal(
                    Protocol.OTHER_VERSION,
                    "the server has version " + Protocol.VERSION + " of the protocol, the client " + version);
        }
        checkCertificate(exchange, client);
        nonces.check(
                client.value(),
                Objects.requireNonNullElse(headers.getFirst(Protocol.NONCE_HEADER), ""),
                Objects.requireNonNullElse(headers.getFirst(Protocol.TIME_HEADER), ""));
        return client;
    }

    private static void checkCertificate(HttpExchange exchange, ClientId client) throws HttpRefusal {
        if (!(exchange instanceof HttpsExchange secured)) {
            return;
        }
        try {
            String subject = secured.getSSLSession().getPeerPrincipal().getName();
            for (Rdn part : new LdapName(subject).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN") && client.value().equals(part.getValue())) {
                    return;
                }
            }
            throw new HttpRefusal(
                    Protocol.FORBIDDEN, "the token is of client " + client + ", the certificate of " + subject);
        } catch (SSLPeerUnverifiedException | InvalidNameException e) {
            throw new HttpRefusal(Protocol.FORBIDDEN, "the client's certificate cannot be read: " + e.getMessage());
        }
    }

    /** The receipt to send; none for a receipt. */
    private Optional<Receipt> accept(HttpExchange exchange, ClientId client) throws HttpRefusal, IOException {
        String type = Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Content-Type"), "none");
        if (!type.equals(Protocol.CONTENT_TYPE)) {
            throw new HttpRefusal(
                    Protocol.WRONG_TYPE, "the content type must be " + Protocol.CONTENT_TYPE + ", was " + type);
        }
        long most = federation.messageLimits().bytes();
        String length = exchange.getRequestHeaders().getFirst("Content-Length");
        if (length != null && Long.parseLong(length) > most) { // the JDK has checked that it is a number
            throw new HttpRefusal(Protocol.TOO_LARGE, "a message may have " + most + " bytes, was " + length);
        }
        InputStream body = new BodyStream(exchange.getRequestBody(), most, bytesPerSecond);
        Message message;
        try {
            message = codec.decode(body).message();
        } catch (InvalidMessageException e) {
            return Optional.of(e.receipt());
        } catch (FedHdsException e) {
            if (e.getCause() instanceof IOException broken) {
                throw broken;
            }
            throw e;
        }
        Optional<ClientId> sender = message.party();
        if (sender.isPresent() && !sender.get().equals(client)) {
            throw new HttpRefusal(
                    Protocol.FORBIDDEN, "the token is of client " + client + ", the message of " + sender.get());
        }
        Receipt receipt = federation.accept(message);
        return message.kind() == MessageKind.RECEIPT ? Optional.empty() : Optional.of(receipt);
    }

    private void answer(HttpExchange exchange, Optional<? extends Message> message) throws IOException {
        exchange.getRequestBody().close();
        if (message.isEmpty()) {
            exchange.sendResponseHeaders(Protocol.NO_CONTENT, -1);
            return;
        }
        EncodedMessage encoded = codec.encode(message.get());
        exchange.getResponseHeaders().set("Content-Type", Protocol.CONTENT_TYPE);
        exchange.sendResponseHeaders(Protocol.OK, encoded.bytes());
        try (OutputStream out = exchange.getResponseBody()) {
            encoded.writeTo(out);
        }
    }

    private void refuse(HttpExchange exchange, HttpRefusal refusal) throws IOException {
        String sender = exchange.getRemoteAddress().getAddress().getHostAddress();
        if (refusal.status() != Protocol.OVER
                && logged.size() < LOGGED
                && logged.add(sender + refusal.status() + refusal.reason())) {
            LOGGER.warn("refused a request of {}: {} {}", sender, refusal.status(), refusal.reason());
        }
        byte[] text = (refusal.reason() + "\n").getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.getResponseHeaders().set("Connection", "close"); // the rest of a body is not read
        try {
            exchange.sendResponseHeaders(refusal.status(), text.length);
            exchange.getResponseBody().write(text);
        } finally {
            exchange.close();
        }
    }

    /**
     * Tells the clients that ask from now on that the run is over, and waits until all have asked.
     *
     * @param most time to wait; a client that does not ask in it finds no server later
     */
    public void finish(Duration most) throws InterruptedException {
        over = true;
        long end = System.nanoTime() + most.toNanos();
        while (!told.containsAll(federation.clients()) && System.nanoTime() < end) {
            Thread.sleep(20);
        }
    }

    /** Stops: requests that run have a second to end. The federation is not closed. */
    @Override
    public void close() {
        http.stop(1);
        threads.shutdown();
    }

    /** Settings of a server. Not safe for many threads. */
    public static final class Builder {
        private final FedHdsServer federation;
        private final MessageCodec codec;
        private final Tokens tokens;
        private InetSocketAddress address = new InetSocketAddress("127.0.0.1", 0);
        private Optional<SSLContext> tls = Optional.empty();
        private long bytesPerSecond = 1000;

        private Builder(FedHdsServer federation, MessageCodec codec, Tokens tokens) {
            this.federation = Objects.requireNonNull(federation, "federation");
            this.codec = Objects.requireNonNull(codec, "codec");
            this.tokens = Objects.requireNonNull(tokens, "tokens");
        }

        /** Where to listen; by default at 127.0.0.1, at a free port. */
        public Builder address(InetSocketAddress address) {
            this.address = Objects.requireNonNull(address, "address");
            return this;
        }

        /** Key and certificate of the server, and the authorities of the clients' certificates; by default there is no TLS. */
        public Builder tls(SSLContext context) {
            tls = Optional.of(context);
            return this;
        }

        /** Bytes in a second that a body must bring on average, after the first five seconds; 1,000 by default. */
        public Builder bytesPerSecond(long least) {
            if (least < 0) {
                throw new IllegalArgumentException("bytesPerSecond must be 0 or more, was " + least);
            }
            bytesPerSecond = least;
            return this;
        }

        /**
         * Starts the server.
         *
         * @throws FedHdsException if it cannot listen at the address
         */
        public HttpFederationServer start() {
            return new HttpFederationServer(this);
        }
    }
}
