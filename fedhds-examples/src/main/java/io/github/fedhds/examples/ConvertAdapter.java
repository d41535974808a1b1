package io.github.fedhds.examples;

import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.peft.GgufAdapter;
import io.github.fedhds.peft.PeftFolder;
import java.nio.file.Path;

/**
 * How does llama.cpp or Ollama get the trained adapter? Converts a PEFT folder to a GGUF file. Of the base model only the
 * configuration is read.
 *
 * <pre>ConvertAdapter MODEL ADAPTER OUT.gguf</pre>
 *
 * MODEL is a Hugging Face folder or a GGUF file, ADAPTER a folder that PEFT or this library has written.
 */
public final class ConvertAdapter {
    private ConvertAdapter() {}

    public static void main(String[] args) {
        Programs.require(args.length == 3, "ConvertAdapter MODEL ADAPTER OUT.gguf");
        System.out.println("wrote " + convert(Path.of(args[0]), Path.of(args[1]), Path.of(args[2])));
    }

    /** Returns the file. */
    static Path convert(Path model, Path adapter, Path out) {
        PeftFolder peft = PeftFolder.read(adapter);
        GgufAdapter.write(out, DecoderConfig.read(model), peft.config(), peft.adapter());
        return out;
    }
}
