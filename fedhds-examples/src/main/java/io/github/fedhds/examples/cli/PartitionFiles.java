package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.github.fedhds.dataset.PartitionSummary;
import io.github.fedhds.examples.experiment.PartitionPicture;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The files of a run about its partition: {@code partition.json} with each client's tasks, and {@code partition.svg}. */
final class PartitionFiles {
    private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().create();

    private PartitionFiles() {}

    static void write(Path folder, PartitionChoice choice, Map<ClientId, List<Instruction>> clients) {
        PartitionSummary summary = PartitionSummary.of(clients);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("partition", choice.toString());
        json.put("clients", summary.clients());
        json.put("instructions", summary.instructions());
        json.put("least", summary.least());
        json.put("median", summary.median());
        json.put("most", summary.most());
        json.put("tasks", summary.tasks());
        json.put("tasks_per_client", summary.tasksPerClient());
        json.put("heterogeneity", summary.heterogeneity());
        json.put("heterogeneity_at_random", summary.heterogeneityAtRandom());
        Map<String, Object> byClient = new LinkedHashMap<>();
        clients.forEach((id, held) -> {
            Map<String, Integer> tasks = new TreeMap<>();
            held.forEach(one -> tasks.merge(one.task(), 1, Integer::sum));
            byClient.put(id.value(), tasks);
        });
        json.put("instructions_by_client_and_task", byClient);
        OutputFile.text(folder.resolve("partition.json"), PRETTY.toJson(json) + "\n");
        OutputFile.text(folder.resolve("partition.svg"), new PartitionPicture("partition " + choice, clients).svg());
    }
}
