package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.peft.PeftFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MergeCommandTest {
    private static final String MODULE = "model.layers.0.self_attn.q_proj";

    @TempDir
    private Path folder = Path.of("");

    private String error = "";

    @BeforeEach
    void writeFolders() throws IOException {
        TinyModel.write(Files.createDirectories(folder.resolve("base")));
        float[] ones = new float[16];
        Arrays.fill(ones, 1);
        Adapter adapter = new Adapter(Map.of(
                MODULE + ".lora_A", new Tensor(new int[] {1, 16}, ones),
                MODULE + ".lora_B", new Tensor(new int[] {16, 1}, ones)));
        LoraConfig config = new LoraConfig(1, 2, 0, List.of("q_proj"), false);
        PeftFolder.write(folder.resolve("adapter"), config, adapter, "base");
    }

    private int run(String... more) {
        String[] args = {
            folder.resolve("base").toString(),
            folder.resolve("adapter").toString(),
            folder.resolve("out").toString()
        };
        String[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return execute(all);
    }

    private int execute(String... all) {
        StringWriter text = new StringWriter();
        CommandLine command =
                Main.commandLine().setOut(new PrintWriter(Writer.nullWriter())).setErr(new PrintWriter(text));
        String[] named = new String[all.length + 1];
        named[0] = "merge";
        System.arraycopy(all, 0, named, 1, all.length);
        int status = command.execute(named);
        error = text.toString();
        return status;
    }

    @Test
    void main_baseAndAdapter_writesTheMergedModel() {
        assertEquals(0, run());
        try (SafetensorsFile base = SafetensorsFile.open(folder.resolve("base/model.safetensors"));
                SafetensorsFile out = SafetensorsFile.open(folder.resolve("out/model.safetensors"))) {
            float[] wanted = base.readFloats(MODULE + ".weight");
            for (int i = 0; i < wanted.length; i++) {
                wanted[i] = (float) (wanted[i] + 2.0);
            }
            assertArrayEquals(wanted, out.readFloats(MODULE + ".weight"));
        }
        assertEquals(1, run());
        assertTrue(error.contains("out is not empty") && error.lines().count() == 1, error);
    }

    @Test
    void main_dtype_isTheWeights() {
        assertEquals(2, run("--dtype", "four"));
        assertEquals(2, run("--dtype", "I8"));
        assertTrue(error.contains("F32, F16, BF16"), error);
        assertEquals(0, run("--dtype", "bf16"));
        try (SafetensorsFile out = SafetensorsFile.open(folder.resolve("out/model.safetensors"))) {
            assertEquals(Dtype.BF16, out.dtype(MODULE + ".weight"));
        }
    }

    @Test
    void main_gguf_isWrittenFromAFolderAndFromAGgufFile() {
        String adapter = folder.resolve("adapter").toString();
        String first = folder.resolve("first.gguf").toString();
        String second = folder.resolve("second.gguf").toString();
        assertEquals(0, execute(folder.resolve("base").toString(), adapter, first, "--dtype", "F32"), error);
        assertEquals(0, execute(first, adapter, second), error);
        try (GgufFile once = GgufFile.open(Path.of(first));
                GgufFile twice = GgufFile.open(Path.of(second))) {
            assertEquals(GgufType.F32, once.type("blk.0.attn_q.weight"));
            assertEquals(GgufType.F16, twice.type("blk.0.attn_q.weight"));
            assertEquals(once.names(), twice.names());
        }
        assertEquals(1, execute(first, adapter, folder.resolve("out").toString()));
        assertTrue(error.contains("is a GGUF file") && error.lines().count() == 1, error);
        assertEquals(1, run("--dtype", "Q8_0"));
        assertTrue(error.contains("[F32, F16, BF16]"), error);
    }
}
