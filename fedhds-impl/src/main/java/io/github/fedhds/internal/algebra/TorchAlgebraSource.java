package io.github.fedhds.internal.algebra;

/** TorchScript source of the products: a pass over the rows runs in one call. */
final class TorchAlgebraSource {
    /**
     * {@code x} holds the rows as they are, and {@code scale} and {@code mean} centre a part of them in double where it is
     * used; or the rows are centred, in float, and {@code scale} is empty. A part is small enough for the cache.
     */
    private static final String METHODS = """
            def forward(self: SELF, x: Tensor) -> Tensor:
              return x
            def bound(self: SELF, size: int, i: int, parts: int) -> int:
              return torch.floordiv(torch.mul(size, i), parts)
            def centred(self: SELF, x: Tensor, scale: Tensor, mean: Tensor) -> Tensor:
              return torch.sub_(torch.mul_(torch.to(x, 7), scale), mean)
            def rows(self: SELF, x: Tensor, scale: Tensor, mean: Tensor, lo: int, hi: int) -> Tensor:
              part = torch.narrow(x, 0, lo, torch.sub(hi, lo))
              if torch.gt(torch.numel(scale), 0):
                result = (self).centred(part, torch.narrow(scale, 0, lo, torch.sub(hi, lo)), mean, )
              else:
                result = part
              return result
            def columns(self: SELF, x: Tensor, scale: Tensor, mean: Tensor, rows: int, lo: int, hi: int) -> Tensor:
              part = torch.narrow(torch.narrow(x, 0, 0, rows), 1, lo, torch.sub(hi, lo))
              if torch.gt(torch.numel(scale), 0):
                shift = torch.narrow(mean, 0, lo, torch.sub(hi, lo))
                result = (self).centred(part, torch.narrow(scale, 0, 0, rows), shift, )
              else:
                result = part
              return result
            def store(self: SELF, x: Tensor, part: Tensor, scale: Tensor, mean: Tensor, lo: int) -> Tensor:
              count = torch.size(part, 0)
              if torch.gt(torch.numel(scale), 0):
                values = (self).centred(part, torch.narrow(scale, 0, lo, count), mean, )
              else:
                values = part
              return torch.copy_(torch.narrow(x, 0, lo, count), values)
            def times(self: SELF, x: Tensor, scale: Tensor, mean: Tensor, w: Tensor, parts: int, type: int) -> Tensor:
              n = torch.size(x, 0)
              v = torch.t(torch.to(w, type))
              y = torch.new_zeros(w, [n, torch.size(w, 0)], dtype=type)
              for i in range(parts):
                lo = (self).bound(n, i, parts, )
                hi = (self).bound(n, torch.add(i, 1), parts, )
                c = (self).rows(x, scale, mean, lo, hi, )
                done = torch.copy_(torch.narrow(y, 0, lo, torch.sub(hi, lo)), torch.mm(c, v))
              return torch.to(torch.contiguous(torch.t(y)), 7)
            def transposed_times(self: SELF, x: Tensor, scale: Tensor, mean: Tensor, w: Tensor, parts: int, type: int) -> Tensor:
              n = torch.size(x, 0)
              v = torch.contiguous(torch.t(torch.to(w, type)))
              y = torch.new_zeros(w, [torch.size(x, 1), torch.size(w, 0)], dtype=type)
              for i in range(parts):
                lo = (self).bound(n, i, parts, )
                hi = (self).bound(n, torch.add(i, 1), parts, )
                c = (self).rows(x, scale, mean, lo, hi, )
                done = torch.addmm_(y, torch.t(c), torch.narrow(v, 0, lo, torch.sub(hi, lo)))
              return torch.to(torch.contiguous(torch.t(y)), 7)
            def column_gram_times(self: SELF, x: Tensor, scale: Tensor, mean: Tensor, w: Tensor, parts: int, type: int) -> Tensor:
              n = torch.size(x, 0)
              v = torch.contiguous(torch.t(torch.to(w, type)))
              y = torch.zeros_like(v)
              for i in range(parts):
                lo = (self).bound(n, i, parts, )
                hi = (self).bound(n, torch.add(i, 1), parts, )
                c = (self).rows(x, scale, mean, lo, hi, )
                done = torch.addmm_(y, torch.t(c), torch.mm(c, v))
              return torch.to(torch.contiguous(torch.t(y)), 7)
            def column_gram(self: SELF, x: Tensor, scale: Tensor, mean: Tensor, parts: int, type: int) -> Tensor:
              n = torch.size(x, 0)
              g = torch.new_zeros(x, [torch.size(x, 1), torch.size(x, 1)], dtype=type)
              for i in range(parts):
                lo = (self).bound(n, i, parts, )
                hi = (self).bound(n, torch.add(i, 1), parts, )
                c = (self).rows(x, scale, mean, lo, hi, )
                done = torch.addmm_(g, torch.t(c), c)
              return torch.to(g, 7)
            def products(self: SELF, x: Tensor, scale: Tensor, mean: Tensor, lo: int, hi: int, to: int, parts: int, type: int) -> Tensor:
              d = torch.size(x, 1)
              g = torch.new_zeros(x, [torch.sub(hi, lo), to], dtype=type)
              for i in range(parts):
                a = (self).bound(d, i, parts, )
                b = (self).bound(d, torch.add(i, 1), parts, )
                c = (self).columns(x, scale, mean, to, a, b, )
                done = torch.addmm_(g, torch.narrow(c, 0, lo, torch.sub(hi, lo)), torch.t(c))
              return g
            def matrix_times(self: SELF, m: Tensor, w: Tensor) -> Tensor:
              return torch.contiguous(torch.t(torch.mm(m, torch.t(w))))
            def eigen(self: SELF, m: Tensor) -> Tensor:
              values, vectors, = torch.linalg_eigh(m)
              return torch.cat([torch.unsqueeze(values, 0), torch.t(vectors)], 0)
            """;

    private TorchAlgebraSource() {}

    static String of(String className) {
        return "class " + className + "(Module):\n  __parameters__ = []\n  __buffers__ = []\n"
                + METHODS.replace("SELF", "__torch__." + className).indent(2);
    }
}
