package io.github.fedhds.examples.application;

import java.nio.file.Path;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The keys {@code fedhds.*} of application.properties.
 *
 * @param modelFolder folder with the model's {@code config.json}
 * @param modelDigest {@code LanguageModel.digest()} of the clients' model
 * @param tokenizerDigest {@code LanguageModel.tokenizerDigest()} of the clients' model
 * @param clients names of the clients
 * @param share share of a client's samples that a round trains on
 * @param chatUrl address of the OpenAI-compatible server that answers with the tuned model
 */
@ConfigurationProperties("fedhds")
record FedHdsSettings(
        Path modelFolder,
        String modelDigest,
        String tokenizerDigest,
        List<String> clients,
        double share,
        String chatUrl) {}
