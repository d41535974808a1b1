package io.github.fedhds.wire;

import io.github.fedhds.ClientId;
import java.util.Optional;

/**
 * What makes two deliveries the same message. Same key and same digest: it came twice. Same key, another digest: somebody
 * sent two different ones.
 *
 * @param run name of the run
 * @param round number, from 1
 * @param client sender or receiver; empty for an opening, which is for all
 * @param kind what it is
 * @param attempt from 1; higher when a client does its work anew and means it
 */
public record MessageKey(String run, int round, Optional<ClientId> client, MessageKind kind, int attempt) {}
