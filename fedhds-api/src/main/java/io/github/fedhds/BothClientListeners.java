package io.github.fedhds;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.training.TrainingResult;
import java.util.function.Consumer;

/** Tells two what it is told. */
record BothClientListeners(ClientListener first, ClientListener second) implements ClientListener {
    private void tell(Consumer<ClientListener> event) {
        Both.tell(first, second, event);
    }

    @Override
    public void summarised(RoundOpening opening, CentroidReport report) {
        tell(l -> l.summarised(opening, report));
    }

    @Override
    public void trained(AdapterUpdate update, TrainingResult result) {
        tell(l -> l.trained(update, result));
    }

    @Override
    public void withdrew(Withdrawal withdrawal) {
        tell(l -> l.withdrew(withdrawal));
    }

    @Override
    public void received(Receipt receipt) {
        tell(l -> l.received(receipt));
    }
}
