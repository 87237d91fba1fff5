// Tables. Each cell carries its field and its raw value, so that it can be sorted and checked.

const kFormats = {
  text: (value) => value,
  duration: formatNs,
  count: formatCount,
  ppm: formatPpm,
};

function duration(field, title, value, extra = {}) {
  return {field, title, value, kind: "duration", ...extra};
}

function count(field, title, value, extra = {}) {
  return {field, title, value, kind: "count", ...extra};
}

function text(field, title, value, extra = {}) {
  return {field, title, value, kind: "text", ...extra};
}

/// The value of "residence.p99_ns" in a row; nothing if nothing was measured.
function quantile(group, key) {
  return (row) => row[group].count > 0 ? row[group][key] : null;
}

function cell(column, row, isHead) {
  const value = column.value(row);
  const classes = [column.kind === "text" ? "" : "number",
    column.warns && value > 0 ? "warns" : "", value === null ? "none" : ""].join(" ").trim();
  return html(isHead ? "th" : "td", {
    class: classes, scope: isHead ? "row" : null, "data-field": column.field,
    "data-value": value, title: column.tip ? column.tip(row) : null,
  }, column.shown ? column.shown(row) : kFormats[column.kind](value));
}

function compare(a, b) {
  if (a === null || b === null) // what was not measured comes last either way
    return (a === null) - (b === null);
  return typeof a === "string" ? a.localeCompare(b) : a - b;
}

/// columns: {field, title, value(row), kind, hint, warns}; the first names the row. `rowId` gives
/// the attribute by which a row is found.
function table({name, caption, columns, rows, rowId, rowClass, sortable}) {
  const body = html("tbody");
  const fill = (sorted) => body.replaceChildren(...sorted.map((row, i) => html("tr",
    {"data-row": rowId ? rowId(row) : i, class: rowClass ? rowClass(row) : null},
    ...columns.map((column, at) => cell(column, row, at === 0)))));
  const heads = columns.map((column) => html("th",
    {scope: "col", class: column.kind === "text" ? null : "number", title: column.hint}));
  const sortBy = (at, direction) => {
    const {value} = columns[at];
    fill([...rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return x === null || y === null ? compare(x, y) : direction * compare(x, y);
    }));
    heads.forEach((head, i) => {
      if (i === at)
        head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else
        head.removeAttribute("aria-sort");
    });
  };
  heads.forEach((head, at) => {
    if (!sortable) {
      head.append(columns[at].title);
      return;
    }
    const button = html("button", {type: "button"}, columns[at].title);
    button.addEventListener("click", () => {
      const first = columns[at].kind === "text" ? 1 : -1;
      const now = head.getAttribute("aria-sort");
      sortBy(at, now === null ? first : now === "ascending" ? -1 : 1);
    });
    head.append(button);
  });
  fill(rows);
  return html("div", {class: "table", tabindex: 0, role: "region", "aria-label": caption},
    html("table", {"data-table": name}, html("caption", {}, caption),
      html("thead", {}, html("tr", {}, ...heads)), body));
}

function quantileColumns(group, title) {
  const hint = `${title}: half of the buffers, 99 of 100, 999 of 1000 took this long or less`;
  return [
    duration(`${group}.p50_ns`, `${title} P50`.trim(), quantile(group, "p50_ns"), {hint}),
    duration(`${group}.p99_ns`, `${title} P99`.trim(), quantile(group, "p99_ns"), {hint}),
    duration(`${group}.p999_ns`, `${title} P99.9`.trim(), quantile(group, "p999_ns"), {hint}),
    duration(`${group}.max_ns`, `${title} max`.trim(), quantile(group, "max_ns"), {hint}),
  ];
}

function pathTable() {
  return table({
    name: "paths", caption: "Latency from source to sink", sortable: true, rows: data.paths,
    rowId: (path) => `${path.source_element_id}-${path.sink_element_id}`,
    rowClass: (path) => path === worstPath ? "worst" : null,
    columns: [
      text("path", "Path", (path) => pathName(path.source_element_id, path.sink_element_id)),
      count("buffers", "Buffers", (path) => path.buffers),
      count("sink.buffers_in", "Of", sinkBuffers, {hint: "Buffers that went into the sink"}),
      ...quantileColumns("oldest", ""),
      duration("newest.p50_ns", "Newest P50", quantile("newest", "p50_ns"),
        {hint: "Of the newest content in each buffer; the other columns are of the oldest"}),
      count("inferred", "Inferred", (path) => path.inferred,
        {hint: "Buffers whose origin was found by running time, not read from the buffer"}),
    ],
  });
}

function elementTable() {
  return table({
    name: "elements", caption: "Elements", sortable: true, rows: data.elements,
    rowId: (element) => element.id,
    rowClass: (element) => worstRoute.includes(element.id) ? "worst" : null,
    columns: [
      text("name", "Element", (element) => element.name, {tip: (element) => element.path}),
      text("factory", "Factory", (element) => element.factory),
      count("buffers_in", "In", (element) => element.buffers_in),
      count("buffers_out", "Out", (element) => element.buffers_out),
      duration("residence.p50_ns", "Residence P50", quantile("residence", "p50_ns")),
      duration("residence.p99_ns", "Residence P99", quantile("residence", "p99_ns")),
      duration("residence.max_ns", "Residence max", quantile("residence", "max_ns")),
      duration("self.p50_ns", "Self P50", quantile("self", "p50_ns")),
      duration("self.p99_ns", "Self P99", quantile("self", "p99_ns")),
      duration("sync_wait.p50_ns", "Sync wait P50", quantile("sync_wait", "p50_ns"),
        {hint: "A sink that waits for its clock; not latency"}),
      count("inside", "Inside", (element) => element.inside,
        {hint: "Went in and have not come out yet"}),
      count("dropped", "Dropped", (element) => element.dropped, {warns: true}),
      count("duplicated", "Repeated", (element) => element.duplicated, {warns: true}),
      count("inferred", "Inferred", (element) => element.inferred),
      count("reorder_depth_max", "Reorder", (element) => element.reorder_depth_max,
        {hint: "How many newer buffers overtook one, at most"}),
    ],
  });
}

/// The worst path, element by element, as bars that begin where the one before ends.
function routeTable() {
  const rows = worstRoute.map((id) => elementsById.get(id)).filter(
    (element) => element && element.residence.count > 0);
  const total = sum(rows.map((element) => element.residence.p50_ns));
  const longest = Math.max(1, total, worstPath.oldest.p50_ns);
  const starts = new Map();
  let start = 0;
  for (const element of rows) {
    starts.set(element, start);
    start += element.residence.p50_ns;
  }
  const bar = (from, width, classes) => html("div", {class: "track", "aria-hidden": "true"},
    html("div", {class: `span ${classes}`, style: `margin-left:${(from / longest * 100).toFixed(2)}%;` +
      `width:${(width / longest * 100).toFixed(2)}%`}));
  const whole = {name: "the whole path", residence: worstPath.oldest, whole: true};
  const share = (row) => row.residence.p50_ns / Math.max(1, worstPath.oldest.p50_ns);
  return table({
    name: "route", caption: `The worst path, ${pathName(worstPath.source_element_id,
      worstPath.sink_element_id)}, element by element`,
    rows: [...rows, whole], rowId: (row) => row.whole ? "total" : row.id,
    rowClass: (row) => row.whole ? "total" : null,
    columns: [
      text("name", "Element", (row) => row.name),
      {field: "bar", title: "Typical residence, one after the other", kind: "text",
        value: () => null,
        shown: (row) => row.whole ? bar(0, row.residence.p50_ns, "whole")
                                  : bar(starts.get(row), row.residence.p50_ns, kindOf(row))},
      duration("p50_ns", "P50", (row) => row.residence.p50_ns),
      {field: "share", title: "of P50", kind: "count", value: share,
        shown: (row) => `${Math.round(share(row) * 100)} %`},
      duration("p99_ns", "P99", (row) => row.residence.p99_ns),
      duration("max_ns", "Max", (row) => row.residence.max_ns),
    ],
  });
}

function incidentTable() {
  const {start} = timelineSpan();
  const names = new Map([["stall", "stall"], ["clock-jump", "clock jump"],
    ["records-lost", "records lost"]]);
  return table({
    name: "incidents", caption: "Incidents", sortable: true, rows: data.incidents.list,
    columns: [
      text("kind", "What", (incident) => names.get(incident.kind) || incident.kind),
      text("subject", "Of", (incident) => incident.subject),
      duration("at_ns", "At", (incident) => incident.at_ns - start),
      {field: "amount", title: "Amount", kind: "count", shown: incidentAmount,
        value: (incident) => incident.kind === "records-lost" ? incident.records
                                                              : incident.amount_ns},
    ],
  });
}

function gpuTable() {
  return table({
    name: "gpu_queues", caption: "GPU queues", rows: data.gpu_queues,
    rowId: (queue) => `${queue.device}/${queue.queue}`,
    columns: [
      text("device", "Device", (queue) => queue.device),
      text("queue", "Queue", (queue) => queue.queue),
      count("slices", "Pieces of work", (queue) => queue.slices),
      ...quantileColumns("busy", "Busy").filter((column) => !column.field.includes("p999")),
      duration("busy.sum_ns", "Busy in all", quantile("busy", "sum_ns")),
      duration("bound_ns", "Error bound", (queue) => queue.bound_ns,
        {shown: (queue) => `± ${formatNs(queue.bound_ns)}`}),
      {field: "skew_ppm", title: "Skew", kind: "ppm", value: (queue) => queue.skew_ppm},
      text("method", "Method", (queue) => queue.method),
    ],
  });
}

function clockTable() {
  return table({
    name: "clocks", caption: "Clocks, as seen from CLOCK_MONOTONIC", rows: data.clock_health.clocks,
    rowId: (clock) => clock.name,
    columns: [
      text("name", "Clock", (clock) => clock.name),
      duration("offset_ns", "Offset", (clock) => clock.offset_ns),
      {field: "drift_ppm", title: "Drift", kind: "ppm", value: (clock) => clock.drift_ppm},
      count("jumps", "Jumps", (clock) => clock.jumps, {warns: true}),
      duration("last_jump_ns", "Last jump", (clock) => clock.jumps > 0 ? clock.last_jump_ns : null),
    ],
  });
}

function timerTable() {
  const measured = (key) => (timer) => timer.unavailable ? null : timer.lateness[key];
  return table({
    name: "timers", caption: "How late a 10 ms timer woke its thread",
    rows: data.clock_health.timers, rowId: (timer) => timer.scheduling_class,
    columns: [
      text("scheduling_class", "Scheduling class", (timer) => timer.scheduling_class),
      count("lateness.count", "Wake-ups", measured("count")),
      duration("lateness.p50_ns", "P50", measured("p50_ns")),
      duration("lateness.p99_ns", "P99", measured("p99_ns")),
      duration("lateness.p999_ns", "P99.9", measured("p999_ns")),
      duration("lateness.max_ns", "Max", measured("max_ns")),
      count("stalls", "Stalls", (timer) => timer.unavailable ? null : timer.stalls, {warns: true}),
      text("unavailable", "Note", (timer) => timer.unavailable),
    ],
  });
}

function machineTable() {
  const machine = data.clock_health.machine;
  const megahertz = (khz) => khz === null ? null : `${formatCount(Math.round(khz / 1000))} MHz`;
  const rows = [
    ["steal_ns", "Time stolen by the hypervisor", machine.steal_ns, formatNs],
    ["throttled_ns", "Time throttled by the cgroup's CPU quota", machine.throttled_ns, formatNs],
    ["throttled_periods", "Periods throttled", machine.throttled_periods, formatCount],
    ["cpu_frequency_min_khz", "Lowest CPU frequency", machine.cpu_frequency_min_khz, megahertz],
    ["cpu_frequency_max_khz", "Highest CPU frequency", machine.cpu_frequency_max_khz, megahertz],
    ["cpu_frequency_changes", "CPU frequency changes over 5 %", machine.cpu_frequency_changes,
      formatCount],
  ].filter((row) => row[2] !== null);
  return rows.length === 0 ? null : table({
    name: "machine", caption: "What the kernel tells of the machine", rows,
    rowId: (row) => row[0],
    columns: [
      text("what", "Since the start", (row) => row[1]),
      {field: "value", title: "Value", kind: "count", value: (row) => row[2],
        shown: (row) => row[3](row[2])},
    ],
  });
}
