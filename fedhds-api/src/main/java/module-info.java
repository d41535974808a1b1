/** The roles, values and messages of FedHDS: federated, data-efficient instruction tuning. Needs only the JDK. */
module io.github.fedhds {
    requires static org.jspecify;

    exports io.github.fedhds;
    exports io.github.fedhds.adapter;
    exports io.github.fedhds.aggregation;
    exports io.github.fedhds.coreset;
    exports io.github.fedhds.feature;
    exports io.github.fedhds.fusion;
    exports io.github.fedhds.instruction;
    exports io.github.fedhds.message;
    exports io.github.fedhds.release;
    exports io.github.fedhds.round;
    exports io.github.fedhds.training;
}
