package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jna.Function;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.TorchCall;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is set or refused when the first model of a process loads, each in a process of its own; and its end. */
class FreshProcessTest {
    @TempDir
    Path folder;

    @BeforeEach
    void write() {
        TinyModel.write(folder);
    }

    /** The process: loads a folder, says what was set, or the error; with the property fedhds.test.exit it ends while a call runs. */
    public static void main(String[] arguments) throws InterruptedException {
        if (System.getProperty("fedhds.test.exit") != null) {
            exitDuringACall(LanguageModel.load(Path.of(arguments[0])));
        }
        try (LanguageModel model = LanguageModel.load(Path.of(arguments[0]))) {
            Object spins = Function.getFunction("c", "getenv").invoke(String.class, new Object[] {"GOMP_SPINCOUNT"});
            System.out.println("threads=" + model.threads() + " spins=" + spins);
        } catch (FedHdsException e) {
            System.out.println("error=" + e.getMessage());
        }
    }

    private static void exitDuringACall(LanguageModel model) throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            try (TorchCall call = model.base().decoder().call()) {
                begun.countDown();
                Thread.sleep(500);
                System.out.println("the call has ended, " + call.scope().isOpen());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        thread.setDaemon(true);
        thread.start();
        begun.await();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                thread.join();
                Thread.sleep(200); // the JVM's wait for the call is over
                model.base().decoder().call().close();
            } catch (FedHdsException e) {
                System.out.println("a later call: " + e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        System.exit(0);
    }

    /** Without the wait the C library would free what the call uses, and the process could end in a crash. */
    @Test
    void exit_duringACall_waitsForItsEnd() throws IOException, InterruptedException {
        String said = say(Map.of(), "-Dfedhds.test.exit=true");
        assertTrue(said.contains("the call has ended, true"), said);
        assertTrue(said.contains("a later call: the JVM is stopping"), said);
    }

    private String say(Map<String, String> environment, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Arrays.asList(options));
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), FreshProcessTest.class.getName(), folder.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("OMP_") || name.startsWith("GOMP_"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said;
    }

    @Test
    void load_threadsThatWait_spinBriefly_unlessTheHostWantsOtherwise() throws IOException, InterruptedException {
        assertTrue(say(Map.of()).contains("spins=30000"));
        assertTrue(say(Map.of("OMP_WAIT_POLICY", "passive")).contains("spins=null"));
        assertTrue(say(Map.of("GOMP_SPINCOUNT", "1000")).contains("spins=1000"));
    }

    @Test
    void load_numberOfThreads_isAtMostTheProcessorsOrWhatThePropertySays() throws IOException, InterruptedException {
        assertTrue(say(Map.of(), "-XX:ActiveProcessorCount=1").contains("threads=1 "));
        assertTrue(say(Map.of(), "-XX:ActiveProcessorCount=1", "-Dai.djl.pytorch.num_threads=3")
                .contains("threads=3 "));
    }

    /** A file stands where a folder should: the same for every user, root too. */
    @Test
    void load_folderForNativeLibrariesCannotBeWritten_namesItAndTheSetting() throws IOException, InterruptedException {
        Path file = Files.writeString(folder.resolve("file"), "");
        for (String property : List.of("ENGINE_CACHE_DIR", "DJL_CACHE_DIR")) {
            String said = say(Map.of(), "-D" + property + "=" + file + File.separator + "cache");
            assertTrue(
                    said.contains("error=the tokenizer's native library cannot be loaded: DJL copies it to " + file),
                    said);
            assertTrue(said.contains("which cannot be written") && said.contains("-DENGINE_CACHE_DIR=DIR"), said);
        }
    }
}
