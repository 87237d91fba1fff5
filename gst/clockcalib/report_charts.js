// Histograms and the time line.

const kChart = {left: 54, right: 14, top: 26, bottom: 26};

/// 1, 2 and 5 times powers of ten between two numbers; powers alone if there are many.
function logTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); ++power) {
    for (const digit of [1, 2, 5])
      ticks.push(digit * 10 ** power);
  }
  const inside = ticks.filter((tick) => tick >= low && tick <= high);
  const powers = inside.filter((tick) => Math.round(Math.log10(tick) * 1e6) % 1e6 === 0);
  return inside.length > 6 && powers.length > 1 ? powers : inside;
}

/// About `count` round numbers from 0.
function linearTicks(high, count) {
  const rough = high / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough);
  return Array.from({length: Math.floor(high / step * 1.0001) + 1}, (_, i) => i * step);
}

/// A tick as text: 10 ms and not 10.0 ms.
function formatTick(ns) {
  return ns === 0 ? "0" : formatNs(ns).replace(/(\.\d*?)0+ /, "$1 ").replace(". ", " ");
}

/// The counts of a distribution in bins of equal width on a logarithmic axis.
function logBins(durations) {
  const uppers = durations.bucket_upper_ns;
  let low = Math.max(1, uppers[0] / 1.02);
  let high = Math.max(uppers[uppers.length - 1], low * 1.01) * 1.001;
  if (high / low < 2) { // else the axis shows the width of one bucket
    const middle = Math.sqrt(low * high);
    [low, high] = [middle / Math.SQRT2, middle * Math.SQRT2];
  }
  const span = Math.log(high / low);
  const counts = new Array(Math.min(72, Math.ceil(span / Math.log(1.035)))).fill(0);
  uppers.forEach((upper, i) => {
    const share = Math.log(Math.max(1, upper) / low) / span;
    const bin = Math.min(counts.length - 1, Math.max(0, Math.floor(share * counts.length)));
    counts[bin] += durations.bucket_counts[i];
  });
  return {low, high, span, counts};
}

function histogram(durations, label) {
  const [width, height] = [400, 180];
  const {low, high, span, counts} = logBins(durations);
  const plotWidth = width - kChart.left - kChart.right;
  const bottom = height - kChart.bottom;
  const x = (ns) => kChart.left + Math.log(Math.max(low, ns) / low) / span * plotWidth;
  const most = Math.max(...counts);
  const y = (count) => bottom - count / most * (bottom - kChart.top);
  const root = svg("svg", {
    class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${label}: ${plural(durations.count, "buffer", "buffers")}, ` +
      `P50 ${formatNs(durations.p50_ns)}, P99 ${formatNs(durations.p99_ns)}, ` +
      `maximum ${formatNs(durations.max_ns)}`,
  });
  const binWidth = plotWidth / counts.length;
  for (const share of [0.5, 1])
    root.append(svg("path", {class: "grid", d: `M${kChart.left} ${y(most * share)}h${plotWidth}`}),
      boxText(kChart.left - 6, y(most * share) + 4, formatCount(Math.round(most * share)), "axis",
        "end"));
  counts.forEach((count, i) => {
    if (count === 0)
      return;
    const top = Math.min(y(count), bottom - 1.5); // one in a million is still seen
    const from = low * Math.exp(span * i / counts.length);
    const to = low * Math.exp(span * (i + 1) / counts.length);
    root.append(svg("rect", {
      class: "bar", x: kChart.left + i * binWidth, y: top,
      width: Math.max(0.5, binWidth - 0.6), height: bottom - top,
    }, svg("title", {}, `${formatNs(from)} to ${formatNs(to)}: ${formatCount(count)}`)));
  });
  root.append(svg("path", {class: "axis-line", d: `M${kChart.left} ${bottom}h${plotWidth}`}));
  for (const tick of logTicks(low, high))
    root.append(svg("path", {class: "axis-line", d: `M${x(tick)} ${bottom}v4`}),
      boxText(x(tick), bottom + 17, formatTick(tick), "axis", "middle"));
  root.append(...histogramMarks(durations, x, bottom));
  return root;
}

/// P50, P99 and the maximum as lines, with words that do not run into each other.
function histogramMarks(durations, x, bottom) {
  const marks = [["P50", durations.p50_ns], ["P99", durations.p99_ns], ["max", durations.max_ns]];
  let free = Infinity;
  return marks.reverse().flatMap(([name, ns]) => {
    const at = x(ns);
    const line = svg("path", {class: `quantile ${name}`, d: `M${at} ${kChart.top - 6}V${bottom}`},
      svg("title", {}, `${name} ${formatNs(ns)}`));
    const end = Math.min(at + 12, free, 398);
    if (at - end > 26) // no room beside the mark to the right of it
      return [line];
    free = end - 30;
    return [line, boxText(end, kChart.top - 10, name, `quantile-name ${name}`, "end")];
  });
}

const kIncidentRows = [["stall", "stalls"], ["clock-jump", "clock jumps"],
  ["records-lost", "records lost"]];

function incidentAmount(incident) {
  return incident.kind === "records-lost" ? `${formatCount(incident.records)} records`
                                          : formatNs(incident.amount_ns);
}

function timelineSpan() {
  const interval = data.timeline.interval_ns;
  const points = data.timeline.series.flatMap((series) => series.points);
  const incidents = data.incidents.list.map((incident) => incident.at_ns);
  let [start, end] = [Infinity, -Infinity];
  for (const at of incidents)
    [start, end] = [Math.min(start, at), Math.max(end, at)];
  for (const point of points)
    [start, end] = [Math.min(start, point.at_ns), Math.max(end, point.at_ns + interval)];
  return {start, end: Math.max(end, start + 1e6)};
}

/// The series that are drawn: those with the highest maximum.
function drawnSeries() {
  const highest = (series) => Math.max(...series.points.map((point) => point.max_ns));
  return data.timeline.series.filter((series) => series.points.length > 0)
    .map((series) => ({...series, highest: highest(series)}))
    .sort((a, b) => b.highest - a.highest).slice(0, 6);
}

/// Runs of points without a gap, as lines.
function stepLine(points, value, x, y) {
  let d = "";
  let last = null;
  for (const point of points) {
    const gap = last === null || point.at_ns - last > 2.5 * data.timeline.interval_ns;
    const at = x(point.at_ns + data.timeline.interval_ns / 2);
    d += `${gap ? "M" : "L"}${at.toFixed(1)} ${y(value(point)).toFixed(1)}`;
    if (gap)
      d += "h0.01";
    last = point.at_ns;
  }
  return d;
}

function incidentMarks(x, top, width) {
  return kIncidentRows.flatMap(([kind, name], row) => {
    const y = top + row * 20;
    const marks = data.incidents.list.filter((incident) => incident.kind === kind);
    const total = kind === "records-lost" ? sum(marks.map((one) => one.records)) : marks.length;
    return [
      svg("path", {class: "grid", d: `M${kChart.left} ${y}h${width - kChart.left - kChart.right}`}),
      boxText(width - kChart.right, y - 5, `${name}: ${formatCount(total)}`, "axis", "end"),
      ...marks.map((incident) => svg("path", {
        class: `incident ${kind}`,
        d: kind === "clock-jump" ? `M${x(incident.at_ns)} ${y - 6}l5 6l-5 6l-5 -6z`
                                 : `M${x(incident.at_ns) - 1.5} ${y - 6}h3v12h-3z`,
      }, svg("title", {}, `${incident.subject} ${name}: ${incidentAmount(incident)}`))),
    ];
  });
}

function timelineChart(series, width) {
  const span = timelineSpan();
  const plotBottom = series.length > 0 ? 210 : 14;
  const height = plotBottom + 24 + kIncidentRows.length * 20 + 22;
  const high = Math.max(1, ...series.map((one) => one.highest));
  const x = (ns) => kChart.left +
    (ns - span.start) / (span.end - span.start) * (width - kChart.left - kChart.right);
  const y = (ns) => plotBottom - ns / high * (plotBottom - 12);
  const root = svg("svg", {
    class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `Latency of ${plural(series.length, "path", "paths")} over ` +
      `${formatNs(span.end - span.start)}, with ` +
      `${plural(data.incidents.list.length, "incident", "incidents")}`,
  });
  for (const tick of series.length > 0 ? linearTicks(high, 5) : [])
    root.append(svg("path", {class: "grid",
      d: `M${kChart.left} ${y(tick)}h${width - kChart.left - kChart.right}`}),
    boxText(kChart.left - 6, y(tick) + 4, formatTick(tick), "axis", "end"));
  series.forEach((one, i) => {
    for (const key of ["max_ns", "p99_ns", "p50_ns"])
      root.append(svg("path", {class: `series series-${i} ${key}`,
        d: stepLine(one.points, (point) => point[key], x, y)}));
  });
  root.append(...incidentMarks(x, plotBottom + 24, width));
  const axis = height - 20;
  root.append(svg("path", {class: "axis-line",
    d: `M${kChart.left} ${axis - 8}h${width - kChart.left - kChart.right}`}));
  for (const tick of linearTicks(span.end - span.start, Math.max(3, Math.floor(width / 140))))
    root.append(boxText(x(span.start + tick), axis + 8, formatTick(tick), "axis", "middle"));
  return root;
}

/// The time line as wide as its place, and who is who in it.
function timelineView() {
  const series = drawnSeries();
  const frame = html("div", {class: "timeline"});
  const legend = html("ul", {class: "legend"}, ...series.map((one, i) => html("li", {},
    html("span", {class: `swatch series-${i}`}),
    pathName(one.source_element_id, one.sink_element_id))));
  const fit = () => frame.replaceChildren(
    timelineChart(series, Math.min(1500, Math.max(420, frame.clientWidth))));
  window.addEventListener("resize", fit);
  return {content: [legend, frame], fit, left: data.timeline.series.length - series.length};
}
