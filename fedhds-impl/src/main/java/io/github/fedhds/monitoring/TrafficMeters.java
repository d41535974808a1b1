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
 * Shows the {@link Traffic} of a transport in Micrometer.
 *
 * <ul>
 *   <li>{@code fedhds.traffic}: counter in bytes; tag {@code direction}: to_clients, to_server
 *   <li>{@code fedhds.traffic.messages}: counter of sent messages, retransmissions included; tag {@code direction}
 *       likewise
 * </ul>
 *
 * <p>Binding another traffic to the same registry with the same tags replaces the previous one. The registry holds only
 * weak references: keep the traffic as long as it is to be shown. For an application's own transport; a
 * {@link MicrometerListener} counts the traffic of its federation itself. Immutable, safe for many threads.
 */
public final class TrafficMeters implements MeterBinder {
    private final Traffic traffic;
    private final Tags tags;

    /** Creates meters without additional tags. */
    public TrafficMeters(Traffic traffic) {
        this(traffic, List.of());
    }

    /** @param tags additional tags for every meter, for example to tell apart the runs in one registry */
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
