package io.github.fedhds.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.transformer.TinyModel;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server makes the first adapter: it has no weights, no tokenizer and no native library. */
class FirstAdapterTest {
    @TempDir
    Path folder;

    private static String hash(Path folder) {
        return "adapter "
                + LoraTrainer.firstAdapter(DecoderConfig.read(folder), LoraConfig.defaults(), 7)
                        .tensors()
                        .hashCode();
    }

    /** The process, without DJL on its class path. */
    public static void main(String[] arguments) {
        System.out.println(hash(Path.of(arguments[0])));
    }

    @Test
    void firstAdapter_withTheConfigurationAloneAndWithoutDjl_isTheSame() throws IOException, InterruptedException {
        Files.writeString(folder.resolve("config.json"), TinyModel.config().toString());
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.replace('\\', '/').contains("/ai/djl/"))
                .collect(Collectors.joining(File.pathSeparator));
        assertFalse(classPath.contains("pytorch"));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classPath,
                        FirstAdapterTest.class.getName(),
                        folder.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertEquals(hash(folder), said.strip());
    }
}
