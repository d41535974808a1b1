package io.github.fedhds.examples.application;

import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.ServerListener;
import io.github.fedhds.monitoring.ServerMeters;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** A server without weights, with the listeners and the meter registry of the application. */
@AutoConfiguration
@EnableConfigurationProperties(FedHdsSettings.class)
class FedHdsAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean
    FedHds fedHds(FedHdsSettings settings) {
        return FedHds.withoutWeights(settings.modelFolder())
                .modelDigest(settings.modelDigest())
                .tokenizerDigest(settings.tokenizerDigest())
                .recommended(settings.share())
                .build();
    }

    @Bean
    @ConditionalOnMissingBean
    FedHdsServer fedHdsServer(
            FedHds fedHds,
            FedHdsSettings settings,
            ObjectProvider<ServerListener> listeners,
            ObjectProvider<MeterRegistry> registry) {
        List<ClientId> clients = settings.clients().stream().map(ClientId::new).toList();
        FedHdsServerBuilder server = fedHds.server(clients, 1);
        listeners.orderedStream().forEach(server::listener);
        registry.ifAvailable(meters -> server.listener(new ServerMeters(meters)));
        return server.build();
    }

    @Bean
    @ConditionalOnMissingBean
    TunedModel tunedModel(FedHdsSettings settings) {
        return new TunedModel(settings.chatUrl());
    }
}
