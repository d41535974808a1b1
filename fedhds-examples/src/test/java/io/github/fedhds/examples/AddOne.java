package io.github.fedhds.examples;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.peft.PeftFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A command for {@link OwnTrainer}: adds one to every value of the adapter; the loss is the number of samples. */
final class AddOne {
    private AddOne() {}

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[args.length - 1]);
        List<String> samples = Files.readAllLines(folder.resolve("samples.jsonl"));
        if (args[0].equals("fail") || !samples.stream().allMatch(line -> line.contains("\"output\":"))) {
            System.exit(3);
        }
        PeftFolder given = PeftFolder.read(folder.resolve("adapter"));
        Map<String, Tensor> sums = new TreeMap<>(given.adapter().tensors());
        sums.replaceAll((name, tensor) -> {
            float[] values = tensor.toArray();
            for (int i = 0; i < values.length; i++) {
                values[i]++;
            }
            return new Tensor(tensor.shape(), values);
        });
        PeftFolder.write(folder.resolve("adapter"), given.config(), new Adapter(sums), given.baseModelName());
        Files.writeString(folder.resolve("loss.txt"), samples.size() + "\n");
    }
}
