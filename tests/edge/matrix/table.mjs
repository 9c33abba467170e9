// The results of the matrix as a table in Markdown: row, result, time, calls.

/** What a client got, in a few words. */
function got({ answer, profile }) {
  if (!answer) return "no answer";
  const source = answer.header("x-data-source");
  const why = answer.json?.sources?.map(({ name, outcome }) => `${name}: ${outcome}`).join(", ");
  return source ? `${answer.status} ${source}, ${profile}` : `${answer.status} ${profile}${why ? ` (${why})` : ""}`;
}

function asked(counts = {}) {
  const told = Object.entries(counts).filter(([, count]) => count > 0).map(([source, count]) => `${source} ${count}`);
  return told.join(", ") || "none";
}

export function table(results) {
  const rows = results.map((result) => [
    result.id, result.fault, got(result), result.is, result.tookMs === undefined ? "" : `${Math.round(result.tookMs)} (${result.withinMs})`,
    asked(result.asked),
  ]);
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  const kept = results.filter(({ is }) => is === "as promised").length;
  return [
    "", line(["Row", "Fault", "The client got", "Result", "ms (bound)", "Calls"]), line(Array(6).fill("---")), ...rows.map(line),
    "", `${kept} of ${results.length} rows as promised`, "",
  ].join("\n");
}
