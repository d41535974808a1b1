package io.github.fedhds.selection;

import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.clustering.KMeans;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.message.Frame;
import io.github.fedhds.round.RoundContext;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * A selection strategy: the selectors of clients and server, and the coordinates of the centroids. Selectors of the
 * application can replace either. Immutable, safe for many threads if its parts are.
 *
 * @param client selector of every client (steps 4, 5 and 8)
 * @param server selector of the server (step 7)
 * @param frame shared coordinates of the centroids, called once per round; if empty, each client uses its own
 * @param remembersChosen whether the server remembers the points that it has chosen, see {@link
 *     io.github.fedhds.FedHdsServerBuilder#rememberChosen}; needs a fixed frame and frozen features
 */
public record Selection(
        CoresetSelector client,
        CoresetSelector server,
        Function<RoundContext, Optional<Frame>> frame,
        boolean remembersChosen) {
    private static final Function<RoundContext, Optional<Frame>> NONE = new NoFrame();

    /** Coordinates of the shared frame of the strategies that compare groups in one. */
    private static final int DIMENSIONS = 128;

    public Selection {
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(server, "server");
        Objects.requireNonNull(frame, "frame");
    }

    /** A strategy without a memory. */
    public Selection(CoresetSelector client, CoresetSelector server, Function<RoundContext, Optional<Frame>> frame) {
        this(client, server, frame, false);
    }

    /**
     * The recommended strategy: chooses samples that are as different as possible from each other and from those of
     * earlier rounds, a share of the data of the round's clients. It needs features that training does not change; {@code
     * FedHds.on(model).recommended(share)} sets all.
     *
     * <p>Clients form HDBSCAN clusters of 2 or more samples, where the paper has 5 or more, so that the server has several
     * times as many groups to choose from as it chooses (a client without a cluster has one group of all its samples). They
     * send the groups' means in a frame of 128 random signs, the same in all rounds. The server chooses among them with
     * {@link KCenterSelector#shareOfSamples}, distances {@linkplain KCenterSelector#withDensity weighted by density} (power
     * 1), {@linkplain KCenterSelector#withClientLimits limits for each client} and a {@linkplain #withMemory memory}, one
     * sample per group. The share refers to the clients' data, not to the groups. The number is rounded down, at least one
     * per round, and lower if the clients find fewer groups.
     *
     * @param share share of all instructions of the round's clients that have reported, above 0 to 1; 0.015 is about
     *     the paper's
     */
    public static Selection recommended(double share) {
        return covering(
                        Hdbscan.builder().minClusterSize(2).build(),
                        KCenterSelector.shareOfSamples(share).withClientLimits().withDensity(1))
                .withMemory(DIMENSIONS);
    }

    /** The paper's strategy: HDBSCAN on clients and server, in each client's own coordinates. */
    public static Selection paper() {
        return new Selection(HdbscanSelector.forClient(), HdbscanSelector.forServer(), NONE);
    }

    /** The paper's ablation without selection on the server: every group of every client, one sample each. */
    public static Selection intraClientOnly() {
        return new Selection(HdbscanSelector.forClient(), new EverySelector(), NONE);
    }

    /** The paper's ablation without selection on the clients: the server clusters the points of all samples. */
    public static Selection interClientOnly() {
        return new Selection(new SingleSelector(), HdbscanSelector.forServer(), NONE);
    }

    /**
     * The paper's strategy with a shared frame of 64 {@link #inSharedFrame random signs}, where the server also keeps
     * noise centroids, those of groups that no other client has.
     */
    public static Selection unique() {
        return paper().withServer(HdbscanSelector.builder()
                        .clustering(Hdbscan.builder().minClusterSize(2).build())
                        .noiseAsGroups(true)
                        .build())
                .inSharedFrame(64);
    }

    /**
     * k-center with a number of samples, without a memory, density and limits: clients form groups as in the paper (a client
     * without a group has one of all its samples) and send the groups' means in a frame of 128 random signs.
     *
     * @param samples number of samples per round over all clients, 0 or more; fewer if the clients find fewer groups
     */
    public static Selection diverse(int samples) {
        return covering(Hdbscan.builder().build(), KCenterSelector.count(samples));
    }

    /** A client without a group sends one group of all its samples, so that no client with data is left out. */
    private static Selection covering(Hdbscan clustering, CoresetSelector server) {
        return paper().withClient(HdbscanSelector.builder()
                        .clustering(clustering)
                        .atLeastOneGroup(true)
                        .build())
                .withServer(server)
                .inSharedFrame(DIMENSIONS);
    }

    /** A random share of each client's samples, above 0 to 1. */
    public static Selection random(double share) {
        return new Selection(RandomSelector.share(share), new EverySelector(), NONE);
    }

    /**
     * A share of each client's samples, above 0 to 1, at random, but as many of each of the client's groups as possible; the
     * groups are those of {@link #paper}.
     */
    public static Selection balanced(double share) {
        return new Selection(BalancedSelector.share(HdbscanSelector.forClient(), share), new EverySelector(), NONE);
    }

    /** A share of each client's samples, above 0 to 1: those with the highest perplexity. */
    public static Selection perplexity(double share) {
        return new Selection(ScoreSelector.perplexity().share(share).build(), new EverySelector(), NONE);
    }

    /** A share of each client's samples, above 0 to 1: those with the highest instruction-following difficulty. */
    public static Selection difficulty(double share) {
        return new Selection(ScoreSelector.difficulty().share(share).build(), new EverySelector(), NONE);
    }

    /**
     * The greedy choice of centres of FedDCA: clients send the centres of ten k-means clusters, and the server adds the centre
     * whose highest cosine similarity to the chosen ones is the lowest, one sample each. Centres are compared in a shared frame
     * of 128 {@link #inSharedFrame random signs}. FedDCA's augmentation with public data is not part of it.
     *
     * @param samples number of samples per round over all clients, 0 or more
     * @see <a href="https://arxiv.org/abs/2409.20135">Wang et al. 2025: FedDCA</a>
     */
    public static Selection feddca(int samples) {
        HdbscanSelector client = HdbscanSelector.builder()
                .clustering(KMeans.builder().clusters(10).build())
                .build();
        return new Selection(client, KCenterSelector.count(samples).withCosine(), NONE).inSharedFrame(128);
    }

    /**
     * The sampling of DiverseEvol on each client: k-center from a random sample. Each round chooses anew; DiverseEvol adds to
     * what it has chosen before.
     *
     * @param share share of each client's samples, above 0 to 1
     * @see <a href="https://arxiv.org/abs/2311.08182">Wu et al. 2023: Self-evolved diverse data sampling</a>
     */
    public static Selection diverseEvol(double share) {
        return new Selection(KCenterSelector.share(share).withRandomStart(), new EverySelector(), NONE);
    }

    /** All samples. */
    public static Selection everything() {
        return new Selection(new EverySelector(), new EverySelector(), NONE);
    }

    /** This strategy with another selector on the clients. */
    public Selection withClient(CoresetSelector selector) {
        return new Selection(selector, server, frame, remembersChosen);
    }

    /**
     * This strategy without the samples of each client whose answers fit their instructions worst, see {@link
     * AlignedSelector}. Costs two more passes through the model for each sample.
     *
     * @param share share of each client's samples to leave out, 0 to below 1, such as 0.1
     */
    public Selection withPairQuality(double share) {
        return withClient(AlignedSelector.of(client, share));
    }

    /** This strategy with another selector on the server. */
    public Selection withServer(CoresetSelector selector) {
        return new Selection(client, selector, frame, remembersChosen);
    }

    /** This strategy in another frame, computed once per round from the server's context. */
    public Selection withFrame(Function<RoundContext, Optional<Frame>> newFrame) {
        return new Selection(client, server, newFrame, remembersChosen);
    }

    /**
     * This strategy in a shared frame of random signs, different in each round and derived from the run's seed, without a
     * memory. Clients then compute features even if their selector needs none.
     *
     * @param dimensions 1 or more
     */
    public Selection inSharedFrame(int dimensions) {
        return new Selection(client, server, new SignsFrame(dimensions, false));
    }

    /**
     * This strategy with a memory: a frame of random signs that is the same in all rounds, derived from the run's seed, and
     * a server that starts each choice from what it has chosen before. Of the server's selectors only {@link KCenterSelector}
     * uses the memory; with another, such as that of {@link #paper}, choices are as without. Use it with {@link
     * io.github.fedhds.setup.FedHdsBuilder#frozenFeatures} or a feature model, so that points of two rounds can be compared.
     *
     * @param dimensions 1 or more
     */
    public Selection withMemory(int dimensions) {
        return new Selection(client, server, new SignsFrame(dimensions, true), true);
    }
}
