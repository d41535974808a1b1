package io.github.fedhds.examples.application;

import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.service.AiServices;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.monitoring.MicrometerListener;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.transformer.LanguageModel;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A LangChain4j service whose answers come from the tuned model. */
interface Assistant {
    String answer(String question);

    /** Tunes the model on the data of all clients, in this process, and writes the adapter's folder. */
    static Adapter tune(
            Path modelFolder, Map<ClientId, List<Instruction>> data, Path adapterFolder, MeterRegistry registry) {
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model).recommended(0.05).build();
            Federation federation = Federation.builder(fedHds)
                    .clients(data)
                    .activeShare(0.5)
                    .rounds(2)
                    .listener(new MicrometerListener(registry))
                    .build();
            federation.run();
            PeftFolder.write(adapterFolder, fedHds.lora(), federation.adapter(), ModelCard.of(modelFolder));
            return federation.adapter();
        }
    }

    /** @param adapterName the name under which the server at the address has loaded the adapter's folder */
    static Assistant of(String url, String adapterName) {
        OpenAiChatModel model = OpenAiChatModel.builder()
                .baseUrl(url + "/v1")
                .apiKey("none") // vLLM and llama.cpp ask for a key only if they were started with one
                .modelName(adapterName)
                .temperature(0.0)
                .build();
        return AiServices.create(Assistant.class, model);
    }
}
