package io.github.fedhds.examples.http;

import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.codec.EncodedMessage;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.message.Message;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the messages of a {@link FedHdsClient} to an {@link HttpFederationServer}: asks for the next message, answers it, and sends the same
 * bytes again until the server has them. A server that is away is asked again, first after a fifth of a second, then after twice as
 * long each time, up to half a minute. For one thread.
 */
public final class HttpFederationClient {
    private static final Logger LOGGER = LoggerFactory.getLogger(HttpFederationClient.class);

    private static final Duration FIRST_WAIT = Duration.ofMillis(200);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);
    private static final Duration CONNECT = Duration.ofSeconds(10);

    private final FedHdsClient client;
    private final MessageCodec codec;
    private final String token;
    private final URI messages;
    private final HttpClient http;
    private final Duration poll;
    private final Duration timeout;
    private final long inMemory;
    private boolean over;

    private HttpFederationClient(Builder builder) {
        client = builder.client;
        codec = builder.codec;
        token = builder.token;
        messages = builder.server.resolve(Protocol.PATH);
        poll = builder.poll;
        timeout = builder.timeout;
        inMemory = builder.inMemory;
        HttpClient.Builder connections =
                HttpClient.newBuilder().connectTimeout(CONNECT).version(HttpClient.Version.HTTP_1_1);
        builder.tls.ifPresent(connections::sslContext);
        http = connections.build();
    }

    /**
     * Settings of a client.
     *
     * @param codec with the limits of the run
     * @param server address of the server, such as {@code https://example.org:8443}
     * @param token of this client
     */
    public static Builder builder(FedHdsClient client, MessageCodec codec, URI server, String token) {
        return new Builder(client, codec, server, token);
    }

    /**
     * Takes part until the server says that the run is over, or this client is told to stop.
     *
     * @param goOn asked between two requests
     * @throws FedHdsException if the server refuses this client: its token, its certificate, its version or its clock
     * @throws InterruptedException if the thread is interrupted
     */
    public void run(BooleanSupplier goOn) throws InterruptedException {
        while (goOn.getAsBoolean() && !over) {
            Optional<Message> next = exchange("GET", BodyPublishers.noBody(), goOn);
            Optional<Message> answer = next.flatMap(client::answer);
            if (answer.isPresent()) {
                send(codec.encode(answer.get()), goOn).ifPresent(client::answer);
            } else if (!over) {
                Thread.sleep(aboutTheSame(poll.toMillis()));
            }
        }
    }

    private Optional<Message> send(EncodedMessage answer, BooleanSupplier goOn) throws InterruptedException {
        if (answer.bytes() <= inMemory) {
            return exchange("POST", BodyPublishers.ofByteArray(answer.toByteArray()), goOn);
        }
        Path file = null;
        try {
            file = Files.createTempFile("fedhds", ".message");
            answer.writeTo(file);
            return exchange("POST", BodyPublishers.ofFile(file), goOn);
        } catch (IOException e) {
            throw new FedHdsException("an answer cannot be written to a temporary file: " + e.getMessage(), e);
        } finally {
            delete(file);
        }
    }

    private static void delete(@Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            LOGGER.warn("{} cannot be deleted: {}", file, e.getMessage());
        }
    }

    /** Sends a request until the server has answered it; empty if it has no message, or the client is to stop. */
    private Optional<Message> exchange(String method, BodyPublisher body, BooleanSupplier goOn)
            throws InterruptedException {
        long wait = FIRST_WAIT.toMillis();
        while (goOn.getAsBoolean()) {
            String fault;
            try {
                HttpResponse<InputStream> response = http.send(request(method, body), BodyHandlers.ofInputStream());
                try (InputStream in = response.body()) {
                    int status = response.statusCode();
                    if (status == Protocol.NO_CONTENT) {
                        return Optional.empty();
                    }
                    if (status == Protocol.OK) {
                        return Optional.of(codec.decode(in).message());
                    }
                    if (status == Protocol.OVER) {
                        over = true;
                        return Optional.empty();
                    }
                    fault = status + " " + new String(in.readNBytes(1000), StandardCharsets.UTF_8).strip();
                    if (status < Protocol.FAILED && status != Protocol.TOO_MANY && status != Protocol.TOO_SLOW) {
                        throw new FedHdsException(
                                "client " + client.id() + " is refused by " + messages + ": " + fault);
                    }
                }
            } catch (IOException e) {
                fault = String.valueOf(e);
            }
            LOGGER.info(
                    "client {}: {} did not answer, is asked again in {} ms: {}", client.id(), messages, wait, fault);
            Thread.sleep(aboutTheSame(wait));
            wait = Math.min(2 * wait, LONGEST_WAIT.toMillis());
        }
        return Optional.empty();
    }

    /** So that clients that have lost their server do not all come back at once. */
    private static long aboutTheSame(long millis) {
        return Math.round(millis * ThreadLocalRandom.current().nextDouble(0.75, 1.25));
    }

    private HttpRequest request(String method, BodyPublisher body) {
        return HttpRequest.newBuilder(messages)
                .timeout(timeout)
                .method(method, body)
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", Protocol.CONTENT_TYPE)
                .header(Protocol.VERSION_HEADER, String.valueOf(Protocol.VERSION))
                .header(Protocol.TIME_HEADER, String.valueOf(Instant.now().getEpochSecond()))
                .header(Protocol.NONCE_HEADER, Protocol.random(16))
                .build();
    }

    /** Settings of a client. Not safe for many threads. */
    public static final class Builder {
        private final FedHdsClient client;
        private final MessageCodec codec;
        private final URI server;
        private final String token;
        private Optional<SSLContext> tls = Optional.empty();
        private Duration poll = Duration.ofSeconds(1);
        private Duration timeout = Duration.ofMinutes(10);
        private long inMemory = 1 << 20;

        private Builder(FedHdsClient client, MessageCodec codec, URI server, String token) {
            this.client = Objects.requireNonNull(client, "client");
            this.codec = Objects.requireNonNull(codec, "codec");
            this.server = Objects.requireNonNull(server, "server");
            this.token = Objects.requireNonNull(token, "token");
        }

        /** The client's key and certificate, and the authority of the server's; by default those of the JVM. */
        public Builder tls(SSLContext context) {
            tls = Optional.of(context);
            return this;
        }

        /** Time between two requests while the server has no message; one second by default. */
        public Builder poll(Duration time) {
            poll = Objects.requireNonNull(time, "time");
            return this;
        }

        /** Time that a request may take, with its bytes; ten minutes by default. */
        public Builder timeout(Duration time) {
            timeout = Objects.requireNonNull(time, "time");
            return this;
        }

        /**
         * Bytes of an answer that are in memory while it is sent; a larger one waits in a temporary file until the server has it. 1 MiB by
         * default.
         */
        public Builder inMemory(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("inMemory must be 0 or more, was " + bytes);
            }
            inMemory = bytes;
            return this;
        }

        /** Creates the client; it connects when it runs. */
        public HttpFederationClient build() {
            return new HttpFederationClient(this);
        }
    }
}
