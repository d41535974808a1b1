package io.github.fedhds.selection;

import io.github.fedhds.coreset.CoresetSelector;

class DensityKCenterSelectorTest extends CoresetSelectorContract {
    @Override
    CoresetSelector selector() {
        return KCenterSelector.share(0.1).withDensity(1).withCosine().withRandomStart();
    }
}
