// The sections, in the order in which they are read.

const whenShown = []; // what needs to know how wide its place is

function section(id, title, how, ...content) {
  document.getElementById("contents").append(html("a", {href: `#${id}`}, title));
  document.getElementById("sections").append(html("section", {id, "aria-labelledby": `${id}-title`},
    html("h2", {id: `${id}-title`}, title), html("p", {class: "how"}, how), ...content.flat()));
}

function sentence(words) {
  return html("p", {class: "empty"}, words);
}

function showSummary() {
  const pipelines = new Set(data.elements.map((element) => element.pipeline_id)).size;
  const parts = [plural(pipelines, "pipeline", "pipelines"),
    plural(data.elements.length, "element", "elements")];
  parts.push(worstPath ? `worst path ${pathName(worstPath.source_element_id,
    worstPath.sink_element_id)} P99 ${formatNs(worstPath.oldest.p99_ns)} (${basis(worstPath)})`
                       : "no buffer has reached a sink");
  const summary = parts.join(", ");
  document.getElementById("summary").textContent = summary;
  document.title = `clockcalib: ${summary}`;
  const fact = (field, label, value, warns) => html("li", {class: warns ? "warns" : null},
    html("span", {}, label), " ", html("b", {"data-fact": field}, value));
  const {totals} = data;
  const dropped = sum(data.elements.map((element) => element.dropped));
  document.getElementById("facts").append(
    ...(data.program ? [fact("program", "program", data.program)] : []),
    fact("written_utc", "written", data.written_utc.replace("T", " ").replace("Z", " UTC")),
    fact("dropped", "buffers dropped", formatCount(dropped), dropped > 0),
    fact("stalls", "stalls", formatCount(totals.stalls), totals.stalls > 0),
    fact("clock_jumps", "clock jumps", formatCount(totals.clock_jumps), totals.clock_jumps > 0),
    fact("records_lost", "records lost", formatCount(totals.records_lost),
      totals.records_lost > 0));
  document.getElementById("footer").textContent = `${data.generator}, figures of schema ` +
    `${data.schema} version ${data.version}. The JSON file beside this page has them all.`;
}

function showGraph() {
  const how = "Buffers flow from left to right. The orange path is the one with the largest P99 " +
    "from source to sink; where it branches, its slowest branch. Residence is the time from " +
    "when a buffer goes into an element until it comes out; self is the time the element itself " +
    "works on the thread that pushes to it. A box with double walls is a queue: its residence is " +
    "waiting. The number at an arrow counts buffers.";
  if (data.elements.length === 0) {
    section("graph", "Pipelines", how, sentence("No element has been seen."));
    return;
  }
  const view = graphView();
  whenShown.push(view.fit);
  const hidden = data.elements.length - drawnElements().length;
  section("graph", "Pipelines", how, view.content, hidden > 0 ? sentence(
    `${plural(hidden, "element that no buffer passed is", "elements that no buffer passed are")} ` +
    "not drawn.") : []);
}

function showRoute() {
  const how = "Each bar begins where the one before ends, so the widest bar is where to look " +
    "first. Medians do not add up exactly: the sum differs from the whole when slow buffers in one " +
    "element are quick in another.";
  const measured = worstRoute.some((id) => elementsById.has(id) &&
    elementsById.get(id).residence.count > 0);
  section("route", "Where the time goes on the worst path", how, measured ? routeTable()
    : sentence(worstPath ? "No element on the worst path held a buffer for a time that was measured."
                         : "No buffer has gone all the way from a source to a sink."));
}

function showLatency() {
  const how = "From the first push of a buffer's oldest content to its arrival at the sink. The " +
    "time a sink then waits for its clock is not latency and is not in here. The axis is " +
    "logarithmic: two humps are two kinds of buffers, a long tail is rare trouble. Inferred: the " +
    "buffer had no identity (a mixer or muxer made it), so its origin was found by running time. " +
    "Of: what went into the sink in all; the rest were repetitions or came from elsewhere.";
  if (measuredPaths.length === 0) {
    section("latency", "Latency from source to sink", how,
      sentence("No buffer has gone all the way from a source to a sink."));
    return;
  }
  const sinks = [...new Set(measuredPaths.map((path) => path.sink_element_id))];
  const charts = sinks.flatMap((sink) => measuredPaths.filter(
    (path) => path.sink_element_id === sink)).map((path) => {
    const label = pathName(path.source_element_id, path.sink_element_id);
    return html("figure", {class: path === worstPath ? "worst" : null},
      html("figcaption", {}, html("b", {}, label), html("span", {},
        `P50 ${formatNs(path.oldest.p50_ns)} · P99 ${formatNs(path.oldest.p99_ns)} · ` +
        `max ${formatNs(path.oldest.max_ns)} · ${basis(path)}`, path.inferred > 0 ?
          html("span", {class: "badge"}, "inferred") : null)),
      histogram(path.oldest, label));
  });
  section("latency", "Latency from source to sink", how, pathTable(),
    html("div", {class: "charts"}, ...charts));
}

function showElements() {
  const how = "Click a heading to sort. Dropped: went in and never came out (a leaky queue, a " +
    "videorate that thins out). Repeated: one buffer came out more than once (a videorate that " +
    "fills up). Inferred: what came out had no identity and was matched by running time. Inside: " +
    "not out yet.";
  section("elements", "Elements", how, data.elements.length > 0 ? elementTable()
                                                              : sentence("No element has been seen."));
}

function showTimeline() {
  const how = "Solid: half of the buffers were quicker (P50). Thin: P99. Pale: the slowest. Marks " +
    "below are stalls (a timer woke far too late, so everything on the machine did), clock jumps " +
    "and records the tracer lost. A peak above a mark is more likely the machine's doing than the pipeline's.";
  const view = timelineView();
  const incidents = data.incidents.list;
  if (incidents.length === 0 && data.timeline.series.length === 0) {
    section("timeline", "Over time", how, sentence("Nothing has arrived and nothing has happened."));
    return;
  }
  whenShown.push(view.fit);
  const notes = [sentence(`One point stands for ${formatNs(data.timeline.interval_ns)}.`)];
  if (view.left > 0)
    notes.push(sentence(`The ${plural(view.left, "quickest path is", "quickest paths are")} not drawn.`));
  if (data.timeline.series_let_go > 0)
    notes.push(sentence(`${plural(data.timeline.series_let_go, "path", "paths")} that had been ` +
      "silent longest gave way to newer ones."));
  if (data.incidents.let_go > 0)
    notes.push(sentence(`${plural(data.incidents.let_go, "older incident is", "older incidents are")} ` +
      "counted and not listed."));
  const list = incidents.length === 0 ? sentence("No stall, no clock jump, no record lost.")
    : html("details", incidents.length <= 12 ? {open: ""} : {},
      html("summary", {}, `List of ${plural(incidents.length, "incident", "incidents")}`),
      incidentTable());
  section("timeline", "Over time", how, view.content, notes, list);
}

function showGpu() {
  const how = "GPU time on the time line of the CPU. Busy is how long one piece of work ran. The " +
    "true moment lies within the error bound; skew is how much faster the GPU's clock runs; method " +
    "says how ticks became nanoseconds.";
  section("gpu", "GPU", how, data.gpu_queues.length > 0 ? gpuTable()
    : sentence("No element published GPU work on its buffers."));
}

function showClocks() {
  const how = "What all other figures rest on. Jumps are steps of a clock (NTP, a suspended " +
    "machine). A timer that is often late means that the machine, not the pipeline, is busy.";
  const health = data.clock_health;
  const parts = [health.clocks.length > 0 ? clockTable() : null,
    health.timers.length > 0 ? timerTable() : null, machineTable()].filter(Boolean);
  section("clocks", "Clock health", how, parts.length > 0 ? parts
    : sentence("The clocks have not been sampled."));
}

for (const show of [showSummary, showGraph, showRoute, showLatency, showElements, showTimeline,
  showGpu, showClocks])
  show();
for (const fit of whenShown)
  fit();
document.body.dataset.rendered = "true";
