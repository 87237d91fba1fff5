// What all parts of the page need: elements, numbers as text, and the data with its look-ups.

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false)
      node.setAttribute(name, value);
  }
  // Text goes in as text: a name that looks like markup stays a name.
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function html(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

const kUnits = [["ns", 1], ["µs", 1e3], ["ms", 1e6], ["s", 1e9]];

/// Three significant digits in the unit that suits.
function formatNs(ns) {
  if (ns === null || ns === undefined)
    return "–";
  if (ns === 0)
    return "0 ns";
  const size = Math.abs(ns);
  let unit = 0;
  while (unit < 3 && Number((size / kUnits[unit][1]).toPrecision(3)) >= 1000)
    ++unit;
  const value = size / kUnits[unit][1];
  let text = value.toPrecision(3);
  if (value >= 1000)
    text = value.toLocaleString("en", {maximumFractionDigits: 3});
  else if (unit === 0 || value >= 99.95)
    text = String(Number(text));
  return `${ns < 0 ? "−" : ""}${text} ${kUnits[unit][0]}`;
}

function formatCount(count) {
  return count === null || count === undefined ? "–" : count.toLocaleString("en");
}

function formatPpm(ppm) {
  if (ppm === null || ppm === undefined)
    return "–";
  return `${ppm < 0 ? "−" : ""}${Math.abs(ppm).toFixed(3)} ppm`;
}

function plural(count, one, many) {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function shortened(text, length) {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

const data = JSON.parse(document.getElementById("data").textContent);
const elementsById = new Map(data.elements.map((element) => [element.id, element]));

function nameOf(id) {
  const element = elementsById.get(id);
  return element ? element.name : `element ${id}`;
}

function pathName(source, sink) {
  return `${nameOf(source)} → ${nameOf(sink)}`;
}

/// "pipeline0" of "pipeline0/bin1/queue0", and "bin1" as the bin.
function pipelineName(element) {
  return element.path.includes("/") ? element.path.split("/")[0] : `pipeline ${element.pipeline_id}`;
}

function binName(element) {
  return element.path.split("/").slice(1, -1).join("/");
}

/// How many buffers went into the sink of a path, by whatever way.
function sinkBuffers(path) {
  const sink = elementsById.get(path.sink_element_id);
  return sink ? sink.buffers_in : path.buffers;
}

/// What the figures of a path rest on.
function basis(path) {
  return `${formatCount(path.buffers)} of ${plural(sinkBuffers(path), "buffer", "buffers")}`;
}

const measuredPaths = data.paths.filter((path) => path.oldest.count > 0);
const worstPath = measuredPaths.reduce(
  (worst, path) => !worst || path.oldest.p99_ns > worst.oldest.p99_ns ? path : worst, null);

/// The elements of the slowest way from the source to the sink of a path: of several branches the
/// one with the largest sum of P99 residences.
function routeOf(path) {
  const from = new Map();
  for (const edge of data.edges)
    from.set(edge.src_element_id, [...(from.get(edge.src_element_id) || []), edge.dst_element_id]);
  const known = new Map();
  const best = (id, above) => {
    if (id === path.sink_element_id)
      return {cost: 0, route: [id]};
    if (known.has(id))
      return known.get(id);
    let found = null;
    for (const next of from.get(id) || []) {
      const rest = above.has(next) ? null : best(next, new Set([...above, next]));
      if (rest && (!found || rest.cost > found.cost))
        found = rest;
    }
    const element = elementsById.get(id);
    const own = element ? element.residence.p99_ns : 0;
    const result = found && {cost: found.cost + own, route: [id, ...found.route]};
    known.set(id, result);
    return result;
  };
  const result = best(path.source_element_id, new Set([path.source_element_id]));
  return result ? result.route : [];
}

const worstRoute = worstPath ? routeOf(worstPath) : [];
