package io.github.fedhds.message;

/** What travels between a client and the server. All are immutable and safe for many threads. */
public sealed interface Message permits RoundOpening, CentroidReport, GroupSelection, AdapterUpdate, Receipt {}
