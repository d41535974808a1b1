package io.github.fedhds.examples.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The largest memory that this process had, and what a run would have that does the same work for longer. */
final class PeakMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    /** Largest share of the heap that G1, the JVM's usual collector, fills with new objects before it collects them. */
    private static final double NEW_OBJECTS = 0.6;

    private PeakMemory() {}

    /**
     * Largest resident set of a long run that needs as much native memory as this process had so far, in bytes; empty where
     * the system does not tell it (only Linux does). A long run fills the share of the first heap that the collector lets it
     * fill with new objects; this process, which is short, may have filled less.
     */
    static OptionalLong ofLongRun() {
        OptionalLong peak = bytes();
        long kept = heap(pool -> used(pool.getCollectionUsage()));
        long filled = heap(pool -> used(pool.getPeakUsage()));
        long first = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getInit();
        long ofRun = Math.max(filled, (long) (NEW_OBJECTS * first) + kept);
        return peak.isPresent() ? OptionalLong.of(peak.getAsLong() - filled + ofRun) : OptionalLong.empty();
    }

    private static OptionalLong bytes() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private static long heap(ToLongFunction<MemoryPoolMXBean> bytes) {
        List<MemoryPoolMXBean> pools = ManagementFactory.getMemoryPoolMXBeans();
        return pools.stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .mapToLong(bytes)
                .sum();
    }

    private static long used(@Nullable MemoryUsage usage) {
        return usage == null ? 0 : usage.getUsed(); // null: the pool is never collected
    }

    /** Memory of the machine, or of the container, in bytes. */
    static long ofMachine() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }
}
