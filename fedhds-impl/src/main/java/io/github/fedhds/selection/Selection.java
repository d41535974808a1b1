package io.github.fedhds.selection;

import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.message.Frame;
import io.github.fedhds.round.RoundContext;
import java.util.Optional;
import java.util.function.Function;

/**
 * A way of choosing samples, whole: what the clients do, what the server does, and in which coordinates they meet. Any
 * selector fits at either joint, a user's own too. Immutable, safe for many threads as long as its parts are.
 *
 * @param client steps 4, 5 and 8 on every client
 * @param server step 7
 * @param frame coordinates of the groups' centres, asked for once a round; empty: each client's own
 */
public record Selection(CoresetSelector client, CoresetSelector server, Function<RoundContext, Optional<Frame>> frame) {
    private static final Function<RoundContext, Optional<Frame>> NONE = round -> Optional.empty();

    /**
     * Recommended, with {@link io.github.fedhds.transformer.Pooling#PARTS}: as different samples as can be, a share of the
     * data that the clients of the round hold. {@code FedHds.on(model).recommended(share)} sets both.
     *
     * <p>The clients' groups as in the paper (a client without one has one group of all its samples), their means in a shared frame of 128 {@link #inSharedFrame random signs},
     * covered by {@link CoverSelector#shareOfSamples} with one sample a group. The clients say how many instructions they
     * hold, so the share is one of the data, not of the groups. It is rounded down and at least one sample a round, and
     * fewer where the clients find fewer groups.
     *
     * @param share of all instructions of the round's clients that have reported, above 0 to 1; 0.015 is about the paper's
     */
    public static Selection recommended(double share) {
        return covering(CoverSelector.shareOfSamples(share));
    }

    /** The paper's: HDBSCAN on clients and server, in each client's own coordinates. */
    public static Selection paper() {
        return new Selection(HdbscanSelector.forClient(), HdbscanSelector.forServer(), NONE);
    }

    /** The paper's ablation without the server's choice: every group of every client, one sample of each. */
    public static Selection intraClientOnly() {
        return new Selection(HdbscanSelector.forClient(), new EverySelector(), NONE);
    }

    /** The paper's ablation without the clients' choice: the server clusters all samples' points. */
    public static Selection interClientOnly() {
        return new Selection(new SingleSelector(), HdbscanSelector.forServer(), NONE);
    }

    /**
     * The paper's with a shared frame of 64 {@link #inSharedFrame random signs}, and groups like no other client's kept.
     */
    public static Selection unique() {
        return paper().withServer(HdbscanSelector.builder()
                        .clustering(Hdbscan.builder().minClusterSize(2).build())
                        .keepUnique(true)
                        .build())
                .inSharedFrame(64);
    }

    /**
     * {@link #recommended} with a number of samples in place of a share: the clients' groups as in the paper (a client without
     * one has one group of all its samples), their means in a shared frame of
     * 128 {@link #inSharedFrame random signs}, covered by {@link CoverSelector} with as many as there shall be samples. Best
     * with features in {@link io.github.fedhds.transformer.Pooling#PARTS parts}.
     *
     * @param samples of a round over all its clients, 0 or more; fewer where the clients find fewer groups
     */
    public static Selection diverse(int samples) {
        return covering(CoverSelector.count(samples));
    }

    /** A client without a group sends one of all its samples, so that no client with data is left out. */
    private static Selection covering(CoresetSelector server) {
        return paper().withClient(
                        HdbscanSelector.builder().atLeastOneGroup(true).build())
                .withServer(server)
                .inSharedFrame(128);
    }

    /** A random share of each client's samples, above 0 to 1. */
    public static Selection random(double share) {
        return new Selection(RandomSelector.share(share), new EverySelector(), NONE);
    }

    /** A share of each client's samples, those of highest perplexity; above 0 to 1. */
    public static Selection perplexity(double share) {
        return new Selection(ScoreSelector.perplexity().share(share).build(), new EverySelector(), NONE);
    }

    /** A share of each client's samples, those of highest instruction-following difficulty; above 0 to 1. */
    public static Selection difficulty(double share) {
        return new Selection(ScoreSelector.difficulty().share(share).build(), new EverySelector(), NONE);
    }

    /** All samples. */
    public static Selection everything() {
        return new Selection(new EverySelector(), new EverySelector(), NONE);
    }

    /** The same with other clients. */
    public Selection withClient(CoresetSelector selector) {
        return new Selection(selector, server, frame);
    }

    /** The same with another server. */
    public Selection withServer(CoresetSelector selector) {
        return new Selection(client, selector, frame);
    }

    /** The same in another frame, asked for once a round with the server's context. */
    public Selection withFrame(Function<RoundContext, Optional<Frame>> newFrame) {
        return new Selection(client, server, newFrame);
    }

    /**
     * The same in a frame of random signs that all clients of a round share, drawn anew in each from the run's seed. It
     * costs the clients features even where their selector needs none.
     *
     * @param dimensions 1 or more
     */
    public Selection inSharedFrame(int dimensions) {
        Frame checked = new Frame.Signs(dimensions, 0);
        return withFrame(round -> Optional.of(new Frame.Signs(checked.dimensions(), round.seedOf("frame"))));
    }
}
