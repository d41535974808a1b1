package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.peft.PeftFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;

/** Runs of the main job that go on, begin anew, or end early. */
class MainResumeTest extends OnMainJob {
    @Test
    void ownRun_again_startsItsFilesAnew() throws IOException {
        Path out = folder.resolve("out");
        own(out, "--rounds", "2", "--selection", "random");
        own(out, "--selection", "full");
        assertEquals(1, rounds(out).size());
        assertEquals(
                adapter(out).digest(), rounds(out).get(0).get("adapter_sha256").getAsString());
    }

    @Test
    void ownRun_resumed_goesOnAndLeavesTheSameBytes() throws IOException {
        Path once = folder.resolve("once");
        Path twice = folder.resolve("twice");
        String[] settings = {"--selection", "random", "--evaluate-every", "1"};
        own(once, with(settings, "--rounds", "3"));
        Outcome first = own(twice, with(settings, "--rounds", "2"));
        assertFalse(first.out().contains("resumed"), first.out());

        Outcome forgotten = own(twice, with(settings, "--rounds", "3"));
        assertEquals(1, forgotten.status());
        assertTrue(forgotten.err().contains("holds a run after 2 rounds; go on by --resume"));
        Outcome fewer = resume(twice, with(settings, "--rounds", "1"));
        assertEquals(1, fewer.status());
        assertTrue(fewer.err().contains("--rounds must be 2 or more to resume"), fewer.err());
        assertTrue(Files.readString(twice.resolve("config.json")).contains("\"rounds\": 2"));
        Outcome other = resume(twice, with(settings, "--rounds", "3", "--learning-rate", "2e-2"));
        assertEquals(1, other.status());
        assertTrue(other.err().contains("made with --learning-rate 0.01, this run has 0.02"), other.err());
        String config = Files.readString(twice.resolve("config.json"));
        assertTrue(config.contains("\"learning_rate\": 0.01"), "the refused run's settings: " + config);

        Outcome resumed = resume(twice, with(settings, "--rounds", "3"));
        assertEquals(0, resumed.status(), resumed.err());
        assertTrue(resumed.out().contains("random, resumed after round 2 of 3"), resumed.out());
        assertTrue(resumed.out().contains("round 3 of 3") && !resumed.out().contains("round 2 of 3: "), resumed.out());
        assertArrayEquals(weights(once), weights(twice));
        assertEquals(withoutSeconds(once), withoutSeconds(twice));
        Adapter best = PeftFolder.read(twice.resolve("adapter-best")).adapter();
        assertEquals(PeftFolder.read(once.resolve("adapter-best")).adapter(), best);
        assertTrue(rounds(twice).stream()
                .anyMatch(round -> round.get("adapter_sha256").getAsString().equals(best.digest())));
    }

    @Test
    void ownRun_inPlaceOfAnotherThatWasKilled_isRefusedWhateverItsRounds() throws IOException {
        Path out = folder.resolve("killed");
        Outcome first = own(out, "--rounds", "2", "--selection", "random", "--evaluate-every", "1");
        assertEquals(0, first.status(), first.err());
        assertTrue(Files.exists(out.resolve("adapter-best/adapter_config.json")));
        Path checkpoint = out.resolve("checkpoint");
        Files.move(
                checkpoint.resolve("checkpoint.1"),
                checkpoint.resolve("checkpoint"),
                StandardCopyOption.REPLACE_EXISTING); // as if killed after round 1
        Outcome fewer = own(out, "--rounds", "1", "--selection", "random");
        assertEquals(1, fewer.status());
        assertTrue(fewer.err().contains("holds an unfinished run after 1 rounds; go on by --resume"), fewer.err());
        assertEquals(
                0,
                resume(out, "--rounds", "2", "--selection", "random", "--evaluate-every", "1")
                        .status());
        assertEquals(
                0,
                own(out, "--rounds", "2", "--selection", "random", "--evaluate-every", "0")
                        .status());
        assertFalse(Files.exists(out.resolve("adapter-best/adapter_config.json")), "the old run's best adapter");
    }

    @Test
    void ownRun_outOfPatience_stops() throws IOException {
        Path out =
                folder.resolve("out"); // so small a rate changes no answer, so no evaluation is better than the first
        Outcome outcome = own(
                out,
                "--rounds",
                "9",
                "--selection",
                "random",
                "--learning-rate",
                "1e-30",
                "--evaluate-every",
                "1",
                "--patience",
                "2");
        assertEquals(0, outcome.status(), outcome.err());
        assertEquals(3, rounds(out).size());
        Outcome again = own(out, "--rounds", "9", "--selection", "random", "--evaluate-every", "9");
        assertEquals(0, again.status(), () -> "it is over, so that it may go: " + again.err());
        assertTrue(outcome.out().contains("stopped early: no Rouge-L above"), outcome.out());
        assertTrue(outcome.out().contains("after round 1\n"), outcome.out());
        Outcome alone = own(folder.resolve("no"), "--patience", "2");
        assertEquals(2, alone.status());
        assertTrue(alone.err().startsWith("fedhds run: --patience needs --evaluate-every"), alone.err());
        writeLines(folder.resolve("one.jsonl"), 1, 8);
        Outcome unseen =
                ownOn(folder.resolve("one.jsonl"), folder.resolve("none"), "--patience", "2", "--evaluate-every", "1");
        assertEquals(1, unseen.status());
        assertTrue(unseen.err().contains("has no unseen tasks"), unseen.err());
    }
}
