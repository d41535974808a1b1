package io.github.fedhds.internal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The real disk, which fails at one step: create, write, force, move and force of a folder are a step each. The step that
 * fails has no effect, but for a write, half of which is done; nothing works afterwards. Of a failure of the machine's power
 * the worst is made: what was not forced is gone.
 */
public final class FailingDisk implements Disk {
    /** How it ends. */
    public enum Failure {
        /** The process is killed: all that it did stays. */
        KILLED,
        /** No power: names are as they were when the folder was forced the last time. */
        POWER_LOST_AND_NAMES,
        /** No power: names are the newest, but of files that were not forced only half is there, and it is zeros. */
        POWER_LOST_AND_BYTES
    }

    /** What a killed process would not have seen. */
    public static final class Crash extends Error {
        private static final long serialVersionUID = 1;
    }

    private final Path folder;
    private final Failure failure;
    private final int failsAt;
    private final Set<Path> unforced = new HashSet<>();
    private Map<Path, byte[]> durable;
    private int steps;
    private boolean dead;

    /** @param failsAt number of the step, from 1 */
    public FailingDisk(Path folder, Failure failure, int failsAt) {
        this.folder = folder.toAbsolutePath();
        this.failure = failure;
        this.failsAt = failsAt;
        this.durable = files();
    }

    public int steps() {
        return steps;
    }

    private Map<Path, byte[]> files() {
        Map<Path, byte[]> files = new HashMap<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> list = Files.list(folder)) {
                for (Path file : list.toList()) {
                    files.put(file, Files.readAllBytes(file));
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
        return files;
    }

    private boolean failsNow() {
        if (dead) {
            throw new Crash();
        }
        steps++;
        return steps == failsAt;
    }

    private void step() {
        if (failsNow()) {
            crash();
        }
    }

    /** Fails now, between two steps. */
    public void crash() {
        dead = true;
        try {
            switch (failure) {
                case KILLED -> {}
                case POWER_LOST_AND_NAMES -> {
                    for (Path file : files().keySet()) {
                        Files.delete(file);
                    }
                    for (Map.Entry<Path, byte[]> file : durable.entrySet()) {
                        Files.write(file.getKey(), file.getValue());
                    }
                }
                case POWER_LOST_AND_BYTES -> {
                    for (Path file : unforced) {
                        Files.write(file, new byte[(int) Files.size(file) / 2]);
                    }
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        throw new Crash();
    }

    @Override
    public Output create(Path file) throws IOException {
        step();
        Output output = Disk.real().create(file);
        unforced.add(file);
        return new Output() {
            @Override
            public int write(ByteBuffer from) throws IOException {
                if (failsNow()) {
                    from.limit(from.position() + from.remaining() / 2);
                    output.write(from);
                    crash();
                }
                return output.write(from);
            }

            @Override
            public void force() throws IOException {
                step();
                output.force();
                unforced.remove(file);
            }

            @Override
            public boolean isOpen() {
                return output.isOpen();
            }

            @Override
            public void close() throws IOException {
                output.close();
            }
        };
    }

    @Override
    public void move(Path from, Path to) throws IOException {
        step();
        Disk.real().move(from, to);
        unforced.remove(to);
        if (unforced.remove(from)) {
            unforced.add(to);
        }
    }

    /** No step: a file that is not finished may stay. */
    @Override
    public void delete(Path file) throws IOException {
        if (!dead) { // a dead process tidies nothing up
            Disk.real().delete(file);
        }
    }

    @Override
    public void forceFolder(Path forced) throws IOException {
        step();
        Disk.real().forceFolder(forced);
        if (forced.equals(folder)) {
            durable = files();
        }
    }

    /** All that can happen. */
    public static List<Failure> failures() {
        return List.of(Failure.values());
    }
}
