package io.github.fedhds.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.SharedFolders;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainingGoldenTest;
import io.github.fedhds.peft.MergedGguf.Type;
import io.github.fedhds.transformer.GgufExport;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every model with an adapter of PEFT, merged into a GGUF file from its folder and from a GGUF file. */
@Tag("golden")
class MergedGgufGoldenTest {
    private static final String TEXT = "Once upon a time, there was a little girl named Lily. I have 12345 apples!";

    @TempDir
    Path folder;

    static Stream<String> models() throws IOException {
        return LoraTrainingGoldenTest.models();
    }

    private static float[] logits(LanguageModel model, LoraConfig lora, PeftFolder peft, int[] ids) {
        List<float[]> states = model.with(lora.form(), peft.adapter()).states(ids);
        return states.get(states.size() - 1);
    }

    @ParameterizedTest
    @MethodSource("models")
    void write_everyModelFromFolderAndGguf_saysWhatBaseAndAdapterSay(String name) {
        Path base = SharedFolders.models().resolve(name);
        PeftFolder peft = PeftFolder.read(
                SharedFolders.golden().resolve("lora").resolve(name).resolve("after_adam"));
        Path gguf = folder.resolve("base.gguf");
        GgufExport.of(base).write(gguf);
        for (Path source : List.of(base, gguf)) {
            int[] ids;
            float[] wanted;
            double loss;
            try (LanguageModel model = TinyModel.load(source)) {
                ids = model.tokenizer().encode(TEXT);
                wanted = logits(model, peft.config(), peft, ids);
                loss = peft.on(model).losses(List.of(ids), new int[] {1}, 1)[0];
            }
            float largest = 1;
            for (float logit : wanted) {
                largest = Math.max(largest, Math.abs(logit));
            }
            for (Type type : Type.values()) {
                Path out = folder.resolve(source.getFileName() + "-" + type + ".gguf");
                MergedGguf.write(source, peft.config(), peft.adapter(), out, type);
                try (LanguageModel merged = TinyModel.load(out)) {
                    assertArrayEquals(ids, merged.tokenizer().encode(TEXT));
                    double actual = merged.base().losses(List.of(ids), new int[] {1}, 1)[0];
                    if (type == Type.F32) {
                        List<float[]> states = merged.base().states(ids);
                        assertArrayEquals(wanted, states.get(states.size() - 1), 1e-5f * largest);
                    }
                    double rounding = switch (type) {
                        case F32 -> 1e-5;
                        case F16 -> 1e-3;
                        case Q8_0, BF16 -> 2e-2;
                    };
                    assertEquals(loss, actual, rounding, name + " " + type);
                }
            }
        }
    }
}
