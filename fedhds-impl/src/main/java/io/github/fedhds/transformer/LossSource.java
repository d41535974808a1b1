package io.github.fedhds.transformer;

/**
 * TorchScript of the loss of rows {@code x} against {@code targets}, over blocks of rows, so that the logits of only one
 * block are in memory: with a vocabulary of 49,152 those of 1,024 tokens are 200 MB. The gradient is computed with the
 * loss, because autograd would keep the logits of all blocks or compute them again.
 */
final class LossSource {
    /** Rows of a block: enough for a fast product. */
    static final int BLOCK = 128;

    private final LayerSource layer;
    private final String weight;

    /** @param weight the head's matrix, {@code [vocabulary, hiddenSize]} */
    LossSource(LayerSource layer, String weight) {
        this.layer = layer;
        this.weight = layer.matrix(weight);
    }

    /** Cross-entropy of each row: {@code [rows]}. Autograd does not reach the rows if it is off. */
    String ofEachRow() {
        return blocks("x")
                + "  _ = torch.append(losses, torch.cross_entropy_loss(logits, wanted, None, 0, -100, 0.))\n"
                + "return torch.cat(losses, 0)\n";
    }

    /** Mean cross-entropy, a scalar, whose gradient reaches the rows, but not the head. */
    String mean() {
        return "slopes = annotate(List[Tensor], [])\n"
                + blocks("torch.detach(x)")
                + "  logits = torch.log_softmax(logits, 1, None)\n"
                + "  wanted = torch.unsqueeze(wanted, 1)\n"
                + "  _ = torch.append(losses, torch.neg(torch.sum(torch.gather(logits, 1, wanted))))\n"
                + "  slope = torch.exp_(logits)\n"
                + "  _ = torch.scatter_add_(slope, 1, wanted, torch.full_like(wanted, -1., dtype=6))\n"
                + "  _ = torch.append(slopes, torch.to(torch.mm(" + layer.rounded("slope") + ", head), 6))\n"
                + "loss = torch.div(torch.sum(torch.stack(losses, 0)), rows)\n"
                // A term of value 0 has the gradient.
                + "term = torch.sum(torch.mul(x, torch.div(torch.cat(slopes, 0), rows)))\n"
                + "return torch.add(loss, torch.sub(term, torch.detach(term)))\n";
    }

    private String blocks(String rows) {
        String logits = layer.times("part", "head");
        return "losses = annotate(List[Tensor], [])\n"
                + "head = " + weight + "\n"
                + "all = " + layer.rounded(rows) + "\n"
                + "rows = torch.size(targets, 0)\n"
                + "for block in range(torch.floordiv(torch.add(rows, " + (BLOCK - 1) + "), " + BLOCK + ")):\n"
                + "  start = torch.mul(block, " + BLOCK + ")\n"
                + "  part = torch.slice(all, 0, start, torch.add(start, " + BLOCK + "))\n"
                + "  wanted = torch.slice(targets, 0, start, torch.add(start, " + BLOCK + "))\n"
                + "  logits = " + (layer.rounds() ? "torch.to(" + logits + ", 6)" : logits) + "\n";
    }
}
