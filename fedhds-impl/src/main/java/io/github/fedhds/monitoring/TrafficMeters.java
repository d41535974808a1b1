package io.github.fedhds.monitoring;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Shows what a transport has carried, as its {@link Traffic} counts it.
 *
 * <ul>
 *   <li>{@code fedhds.traffic}: counter in bytes; tag {@code direction}: to_clients, to_server
 *   <li>{@code fedhds.traffic.messages}: counter, each time that a message was sent; tag {@code direction} likewise
 * </ul>
 *
 * <p>Binding another traffic to the same registry with the same tags replaces the one before. The registry keeps no object
 * alive: hold the traffic as long as it is to be shown. For a host's transport; a {@link MicrometerListener} counts the
 * traffic of its federation itself. Immutable, safe for many threads.
 */
public final class TrafficMeters implements MeterBinder {
    private final Traffic traffic;
    private final Tags tags;

    /** Meters without tags but their own. */
    public TrafficMeters(Traffic traffic) {
        this(traffic, List.of());
    }

    /** @param tags put on every meter: to tell runs in one registry apart */
    public TrafficMeters(Traffic traffic, Iterable<Tag> tags) {
        this.traffic = traffic;
        this.tags = Tags.of(tags);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        bind(registry, "fedhds.traffic", "bytes", "to_clients", count -> (double) count.bytesDown());
        bind(registry, "fedhds.traffic", "bytes", "to_server", count -> (double) count.bytesUp());
        bind(registry, "fedhds.traffic.messages", null, "to_clients", count -> (double) count.messagesDown());
        bind(registry, "fedhds.traffic.messages", null, "to_server", count -> (double) count.messagesUp());
    }

    private void bind(
            MeterRegistry registry,
            String name,
            @Nullable String unit,
            String direction,
            ToDoubleFunction<Traffic.Count> figure) {
        Tags all = tags.and("direction", direction);
        ServerMeters.forget(registry, name, all);
        FunctionCounter.builder(name, traffic, of -> figure.applyAsDouble(of.total()))
                .baseUnit(unit)
                .tags(all)
                .register(registry);
    }
}
