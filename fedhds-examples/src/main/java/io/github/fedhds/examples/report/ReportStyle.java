package io.github.fedhds.examples.report;

/** The page's style sheet: one column on a phone, dark if the reader's system is, and colours that most colour-blind people can tell apart. */
final class ReportStyle {
    private ReportStyle() {}

    static String text() {
        return """
                :root { --back: #fff; --text: #1a1a1a; --soft: #5c5c5c; --line: #d4d4d4; --panel: #f5f5f5;
                  --c0: #0072b2; --c1: #e69f00; --c2: #009e73; --c3: #cc79a7; --c4: #56b4e9; --c5: #d55e00; --c6: #8c7a00;
                  --noise: #b0b0b0; --ring: #000; --warn: #a33c00; }
                @media (prefers-color-scheme: dark) { :root { --back: #14171a; --text: #e6e6e6; --soft: #a8a8a8;
                  --line: #3d4247; --panel: #1e2226; --c0: #4ba3e3; --c1: #f0b429; --c2: #2ec498; --c3: #e3a1c4; --c4: #8fd0f5;
                  --c5: #f0803c; --c6: #d6c645; --noise: #6c7176; --ring: #fff; --warn: #ffa36b; } }
                @media print { :root { --back: #fff; --text: #000; --soft: #333; --line: #999; --panel: #fff; --ring: #000; }
                  figure, .finding, tr { break-inside: avoid; } .scroll { overflow: visible; } }
                * { box-sizing: border-box; }
                body { margin: 0; background: var(--back); color: var(--text);
                  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
                main { max-width: 1180px; margin: 0 auto; padding: 12px 16px 48px; overflow-wrap: anywhere; }
                h1 { font-size: 1.5rem; line-height: 1.25; margin: .6em 0; }
                h2 { font-size: 1.2rem; margin: 2em 0 .6em; border-bottom: 1px solid var(--line); padding-bottom: .2em; }
                p { margin: .5em 0; }
                .state, .note, .empty { color: var(--soft); }
                .note { font-size: .875rem; }
                .failed { color: var(--warn); font-weight: 600; }
                .facts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; margin: 1em 0; }
                @media (min-width: 700px) { .facts { grid-template-columns: repeat(4, 1fr); } }
                .facts div { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px; }
                dt { color: var(--soft); font-size: .8125rem; } dd { margin: 0; font-weight: 600; }
                .finding { border-left: 4px solid var(--warn); background: var(--panel); padding: 8px 14px; margin: 10px 0; }
                .finding p { margin: .3em 0; }
                .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 22px; }
                @media (min-width: 760px) { .pairs { grid-template-columns: 1fr 1fr; } }
                .pairs svg { max-width: 460px; }
                figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; margin-bottom: .3em; }
                svg { display: block; width: 100%; max-width: 560px; height: auto; }
                svg text { fill: var(--soft); font-size: 12px; font-family: inherit; }
                .end { text-anchor: end; } .middle { text-anchor: middle; }
                .grid { stroke: var(--line); stroke-width: 1; } .frame { fill: none; stroke: var(--line); }
                .curve { fill: none; stroke: var(--c0); stroke-width: 2; } .dot { fill: var(--c0); }
                .ring { fill: none; stroke: var(--ring); stroke-width: 1.8; pointer-events: none; }
                .noise { fill: var(--noise); }
                .p0, .g0 { fill: var(--c0); } .p1, .g1 { fill: var(--c1); } .p2, .g2 { fill: var(--c2); }
                .p3, .g3 { fill: var(--c3); } .p4, .g4 { fill: var(--c4); } .g5 { fill: var(--c5); } .g6 { fill: var(--c6); }
                .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: .8125rem; margin: .2em 0 .4em; }
                .legend i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; }
                .b0 { background: var(--c0); } .b1 { background: var(--c1); } .b2 { background: var(--c2); }
                .b3 { background: var(--c3); } .b4 { background: var(--c4); }
                @media print { .legend i { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
                .scroll { overflow-x: auto; max-height: 70vh; border: 1px solid var(--line); border-radius: 6px; margin: .6em 0; }
                @media print { .scroll { max-height: none; } }
                table { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums;
                  overflow-wrap: normal; }
                caption { text-align: left; color: var(--soft); padding: 6px 10px; }
                th, td { padding: 5px 8px; text-align: right; border-top: 1px solid var(--line); white-space: nowrap; }
                thead th { color: var(--soft); font-weight: 600; border-top: 0; white-space: normal; vertical-align: bottom; }
                thead th:first-child, .rounds thead th:last-child { text-align: left; }
                tbody th { text-align: left; font-weight: 600; }
                bdi { overflow-wrap: anywhere; }
                th bdi { display: inline-block; min-width: 9rem; max-width: 19rem; white-space: normal; overflow-wrap: break-word; }
                td.text { text-align: left; white-space: normal; overflow-wrap: anywhere; }
                .cards td.text { min-width: 6em; }
                .codes { width: auto; }
                .codes th { white-space: normal; overflow-wrap: anywhere; }
                .settings { table-layout: fixed; }
                .settings th, .settings td { text-align: left; white-space: normal; overflow-wrap: anywhere; vertical-align: top; }
                .settings th:first-child { width: 40%; }
                @media (min-width: 700px) { .settings th:first-child { width: 15rem; } }
                @media screen and (max-width: 1200px) {
                  .cards, .cards tbody, .cards caption { display: block; }
                  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
                  .cards tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(68px, 1fr)); gap: 4px 8px; padding: 8px 10px;
                    border-top: 1px solid var(--line); }
                  .cards th, .cards td { border: 0; padding: 0; text-align: left; min-width: 0; }
                  .cards tbody th { grid-column: 1 / -1; }
                  .cards th bdi { display: inline; }
                  .rounds tbody th::before { content: "Round "; }
                  .cards td::before { content: attr(data-name); display: block; color: var(--soft); font-size: .75rem; white-space: normal; }
                  .cards td.text { grid-column: 1 / -1; }
                  .cards td:empty { display: none; }
                }
                """;
    }
}
