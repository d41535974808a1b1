package io.github.fedhds.state;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.ChildJvm;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.OpenFiles;
import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host's store; what it promises on a disk that fails, CheckpointFolderTest asks. */
class ServerStoreTest {
    @TempDir
    private Path folder = Path.of("");

    private static ServerState state(int round) {
        return new ServerState(
                "run",
                1,
                round,
                StateExamples.late().clients(),
                Map.of(),
                StateExamples.adapter(round),
                Adapter.empty());
    }

    @Test
    void load_whatWasSaved_isEqual() throws IOException {
        Path below = folder.resolve("a/b");
        ServerStore store = ServerStore.open(below);
        assertEquals(Optional.empty(), store.load());
        store.save(state(1));
        assertEquals(Optional.of(state(1)), ServerStore.open(below).load());
        SavedRun run = StateExamples.all().get(2).run();
        store.save(run);
        ServerStore next = ServerStore.open(below);
        assertEquals(Optional.of(new ServerStore.Loaded(run, Optional.empty())), next.loadRun());
        assertEquals(Optional.of(run.server()), next.load());
        OpenFiles.assertNoneUnder(folder);
    }

    @Test
    void load_damagedNewest_givesTheOneBefore() throws IOException {
        ServerStore store = ServerStore.open(folder);
        store.save(state(1));
        store.save(state(2));
        Path newest = folder.resolve("checkpoint");
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length / 2] ^= 1;
        Files.write(newest, bytes);
        ServerStore next = ServerStore.open(folder);
        assertEquals(Optional.of(state(1)), next.load());
        next.save(state(2));
        Files.write(newest, bytes);
        assertEquals(Optional.of(state(1)), ServerStore.open(folder).load(), "the damaged one was pushed over it");
    }

    @Test
    void save_overARunThatWasNotLoaded_isRefused() throws IOException {
        ServerStore.open(folder).save(state(5));
        byte[] before = Files.readAllBytes(folder.resolve("checkpoint"));
        ServerStore other = ServerStore.open(folder);
        assertFails(FedHdsException.class, () -> other.save(state(1)), folder + " holds a run", "load it", "delete it");
        assertArrayEquals(before, Files.readAllBytes(folder.resolve("checkpoint")));
        other.delete();
        other.save(state(1));
        assertEquals(Optional.of(state(1)), ServerStore.open(folder).load());
    }

    @Test
    void save_whatCannotBeWritten_leavesTheOldOne() {
        ServerStore store = ServerStore.open(folder);
        store.save(state(1));
        SavedRun bad = new SavedRun(state(2), Map.of("note", "\ud83d"), Map.of());
        assertFails(IllegalArgumentException.class, () -> store.save(bad), "text/note");
        assertEquals(Optional.of(state(1)), store.load());
        assertEquals(
                List.of("checkpoint"),
                List.of(Optional.ofNullable(folder.toFile().list()).orElseThrow()));
    }

    /** One JVM's second try must not let go what the first one holds for it against other JVMs. */
    @Test
    void lock_askedForTwice_staysWithTheFirst() throws IOException, InterruptedException {
        ServerStore first = ServerStore.open(folder);
        ServerStore.Lock lock = first.lock();
        try (lock) {
            ServerStore again = ServerStore.open(folder.resolve("../" + folder.getFileName()));
            assertFails(FedHdsException.class, again::lock, "another federation runs");
            assertFails(FedHdsException.class, again::delete, "another federation runs");
            assertEquals("taken", elsewhere());
        }
        assertEquals("free", elsewhere());
        first.lock().close();
        OpenFiles.assertNoneUnder(folder);
    }

    @Test
    void lock_closedTwice_doesNotOpenTheNextOnes() throws IOException, InterruptedException {
        ServerStore store = ServerStore.open(folder);
        ServerStore.Lock first = store.lock();
        first.close();
        ServerStore.Lock second = store.lock();
        try (second) {
            first.close();
            assertFails(FedHdsException.class, store::lock, "another federation runs");
            assertEquals("taken", elsewhere());
        }
    }

    /** The same classes, loaded once more, as in a second web application of one server. */
    @Test
    void lock_ofAnotherClassLoader_isRefusedAndStaysWithTheFirst() throws Exception {
        ServerStore first = ServerStore.open(folder);
        try (URLClassLoader loader = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
            Class<?> type = loader.loadClass(ServerStore.class.getName());
            assertTrue(type != ServerStore.class);
            Object other = type.getMethod("open", Path.class).invoke(null, folder);
            Method lock = type.getMethod("lock");
            ServerStore.Lock held = first.lock();
            try (held) {
                Throwable cause =
                        Objects.requireNonNull(assertThrows(InvocationTargetException.class, () -> lock.invoke(other))
                                .getCause());
                assertEquals(FedHdsException.class.getName(), cause.getClass().getName());
                assertTrue(
                        String.valueOf(cause.getMessage()).contains("another federation runs with this checkpoint"),
                        cause::toString);
                assertEquals("taken", elsewhere(), "the refused try let the lock go");
            }
            OpenFiles.assertNoneUnder(folder);
            AutoCloseable theirs = (AutoCloseable) lock.invoke(other);
            try (theirs) {
                assertFails(FedHdsException.class, first::lock, "another federation runs with this checkpoint");
                assertEquals("taken", elsewhere());
            }
            assertEquals("free", elsewhere());
        }
        first.lock().close();
    }

    private static URL[] classPath() throws IOException {
        String[] entries = System.getProperty("java.class.path").split(File.pathSeparator, -1);
        URL[] urls = new URL[entries.length];
        for (int i = 0; i < urls.length; i++) {
            urls[i] = Path.of(entries[i]).toUri().toURL();
        }
        return urls;
    }

    /** A lock of this JVM that no store knows of: the JDK's own exception must not escape, nor the channel leak. */
    @Test
    void lock_heldByOtherCodeOfTheProcess_isRefusedAndClosesItsChannel() throws IOException {
        Path file = folder.resolve("checkpoint.lock");
        ServerStore store = ServerStore.open(folder);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.lock();
            assertFails(FedHdsException.class, store::lock, folder.toString(), "another federation runs");
            assertFails(FedHdsException.class, store::delete, folder.toString(), "another federation runs");
        }
        OpenFiles.assertNoneUnder(folder);
        store.lock().close();
    }

    private String elsewhere() throws IOException, InterruptedException {
        try (ChildJvm other = ChildJvm.start(
                OtherProcess.class, folder.resolve("checkpoint.lock").toString())) {
            String said = new String(other.ask("lock").get(0), StandardCharsets.UTF_8);
            other.end();
            return said;
        }
    }

    /** Tries to lock a file. */
    static final class OtherProcess {
        private OtherProcess() {}

        public static void main(String[] arguments) throws IOException {
            ChildJvm.serve((command, input) -> {
                try (FileChannel channel = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE)) {
                    String said = channel.tryLock() == null ? "taken" : "free";
                    return List.of(said.getBytes(StandardCharsets.UTF_8));
                }
            });
        }
    }
}
