// The pipelines as graphs: an element is a box, the worst path stands out.

const kBox = {top: 17, line: 15, pad: 10};

/// The worst path that ends in a sink.
function worstPathTo(sink) {
  return measuredPaths.filter((path) => path.sink_element_id === sink).reduce(
    (worst, path) => !worst || path.oldest.p99_ns > worst.oldest.p99_ns ? path : worst, null);
}

/// The rows of figures in a box: [label, P50, P99].
function boxFigures(element) {
  const rows = [];
  const path = element.is_sink ? worstPathTo(element.id) : null;
  if (path)
    rows.push(["latency", path.oldest.p50_ns, path.oldest.p99_ns]);
  if (element.residence.count > 0)
    rows.push(["residence", element.residence.p50_ns, element.residence.p99_ns]);
  if (element.self.count > 0)
    rows.push(["self", element.self.p50_ns, element.self.p99_ns]);
  return rows;
}

function boxMarks(element) {
  const marks = [];
  if (element.dropped > 0)
    marks.push(`${formatCount(element.dropped)} dropped`);
  if (element.duplicated > 0)
    marks.push(`${formatCount(element.duplicated)} repeated`);
  if (element.inferred > 0)
    marks.push("inferred");
  return marks.join(" · ");
}

function kindOf(element) {
  if (element.queues)
    return "queue";
  if (element.is_source)
    return "source";
  return element.is_sink ? "sink" : "";
}

function boxHeight(element) {
  const figures = boxFigures(element);
  const lines = 2 + (figures.length > 0 ? figures.length + 1 : 0) + (boxMarks(element) ? 1 : 0);
  return kBox.top + (lines - 1) * kBox.line + 10;
}

function describe(element) {
  const figures = boxFigures(element).map(
    ([label, p50, p99]) => `${label} P50 ${formatNs(p50)}, P99 ${formatNs(p99)}`);
  return [`${element.path} (${element.factory || "no factory"})`, kindOf(element), ...figures,
    `${plural(element.buffers_in, "buffer", "buffers")} in, ${formatCount(element.buffers_out)} out`,
    `${formatCount(element.inside)} inside now`, boxMarks(element)].filter(Boolean).join("\n");
}

function boxText(x, y, text, classes, anchor = "start") {
  return svg("text", {x, y, class: classes, "text-anchor": anchor}, text);
}

function drawBox(element, height, x, y, onWorst) {
  const width = kLayout.nodeWidth;
  const kind = kindOf(element);
  const group = svg("g", {
    class: `box ${kind} ${onWorst ? "worst" : ""}`,
    transform: `translate(${x} ${y})`,
    "data-element": element.id,
  }, svg("title", {}, describe(element)),
  svg("rect", {width, height, rx: kind === "queue" ? 3 : 9}));
  if (kind === "queue") // as the walls of a buffer: lines at both ends
    group.append(svg("path", {class: "walls", d: `M5 0V${height}M${width - 5} 0V${height}`}));
  const bin = binName(element);
  let line = kBox.top;
  group.append(boxText(kBox.pad, line, shortened(element.name, kind ? 17 : 23), "name"));
  if (kind)
    group.append(boxText(width - kBox.pad, line, kind, "kind", "end"));
  line += kBox.line;
  group.append(boxText(kBox.pad, line,
    shortened([element.factory, bin && `in ${bin}`].filter(Boolean).join(" · "), 30), "quiet"));
  const figures = boxFigures(element);
  if (figures.length > 0) {
    line += kBox.line;
    group.append(boxText(126, line, "P50", "quiet", "end"),
      boxText(width - kBox.pad, line, "P99", "quiet", "end"));
  }
  for (const [label, p50, p99] of figures) {
    line += kBox.line;
    group.append(boxText(kBox.pad, line, label, "quiet"),
      boxText(126, line, formatNs(p50), "figure", "end"),
      boxText(width - kBox.pad, line, formatNs(p99), "figure strong", "end"));
  }
  if (boxMarks(element))
    group.append(boxText(kBox.pad, line + kBox.line, boxMarks(element), "mark"));
  return group;
}

/// A smooth line from box to box; where it changes band, straight with round corners.
function linePath(points) {
  let d = `M${points[0].x} ${points[0].y}`;
  for (let i = 1; i < points.length; ++i) {
    const [a, b] = [points[i - 1], points[i]];
    const next = points[i + 1];
    if (b.corner && next) {
      const turn = (from, to, size) => {
        const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
        const share = Math.min(size, length / 2) / length;
        return `${from.x + (to.x - from.x) * share} ${from.y + (to.y - from.y) * share}`;
      };
      d += `L${turn(b, a, 6)}Q${b.x} ${b.y} ${turn(b, next, 6)}`;
    } else if (a.corner || a.y === b.y) {
      d += `L${b.x} ${b.y}`;
    } else {
      const half = (b.x - a.x) / 2;
      d += `C${a.x + half} ${a.y} ${b.x - half} ${b.y} ${b.x} ${b.y}`;
    }
  }
  return d;
}

function drawEdge({edge, points}, onWorst) {
  if (points.length < 2)
    return [];
  const [a, b] = points;
  const label = b.corner ? {x: a.x + 8, y: a.y - 5, anchor: "start"}
                         : {x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 - 5, anchor: "middle"};
  return [
    svg("path", {
      class: onWorst ? "edge worst" : "edge",
      d: linePath(points),
      "marker-end": onWorst ? "url(#arrow-worst)" : "url(#arrow)",
    }, svg("title", {}, `${pathName(edge.from, edge.to)}: ` +
      `${plural(edge.buffers, "buffer", "buffers")}, ${formatCount(edge.bytes)} bytes`)),
    boxText(label.x, label.y, formatCount(edge.buffers), "count", label.anchor),
  ];
}

function arrowHead(id) {
  return svg("marker", {
    id, viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 8, markerHeight: 8,
    markerUnits: "userSpaceOnUse", orient: "auto",
  }, svg("path", {d: "M0 0L8 4L0 8z"}));
}

/// Elements that are drawn: those with an edge, or all if there is no edge.
function drawnElements() {
  const linked = new Set(data.edges.flatMap((edge) => [edge.src_element_id, edge.dst_element_id]));
  return data.elements.filter((element) => linked.size === 0 || linked.has(element.id));
}

function isOnWorstRoute(edge) {
  const at = worstRoute.indexOf(edge.from);
  return at >= 0 && worstRoute[at + 1] === edge.to;
}

/// One pipeline in its frame. Returns the group and its size.
function drawPipeline(name, elements, maxWidth) {
  const pad = 16;
  const ids = new Set(elements.map((element) => element.id));
  const nodes = elements.map((element) => ({id: element.id, height: boxHeight(element)}));
  const edges = data.edges.filter(
    (edge) => ids.has(edge.src_element_id) && ids.has(edge.dst_element_id)).map((edge) => (
    {from: edge.src_element_id, to: edge.dst_element_id, buffers: edge.buffers, bytes: edge.bytes}));
  const content = svg("g");
  let [width, y] = [0, 30];
  for (const part of components(nodes, edges)) {
    const drawing = layoutComponent(part, maxWidth - 2 * pad);
    const group = svg("g", {transform: `translate(${pad} ${y})`});
    const routes = drawing.routes.map((route) => [route, isOnWorstRoute(route.edge)]);
    routes.sort((a, b) => a[1] - b[1]); // the worst path over the others
    for (const [route, onWorst] of routes)
      group.append(...drawEdge(route, onWorst));
    for (const {node, x, y: top} of drawing.nodes)
      group.append(drawBox(elementsById.get(node.id), node.height, x, top,
        worstRoute.includes(node.id)));
    content.append(group);
    width = Math.max(width, drawing.width + 2 * pad);
    y += drawing.height + 24;
  }
  const height = y - 24 + pad;
  width = Math.max(width, maxWidth - 2); // frames of equal width
  content.prepend(svg("rect", {class: "pipeline", width, height, rx: 12}),
    boxText(pad, 19, shortened(name, 40), "pipeline-name"));
  return {content, width, height};
}

function hasWorst(elements) {
  return elements.some((element) => worstRoute.includes(element.id));
}

/// All pipelines, one below the other.
function drawGraph(maxWidth) {
  const drawn = drawnElements();
  const pipelines = new Map();
  for (const element of drawn) {
    const key = element.pipeline_id;
    pipelines.set(key, [...(pipelines.get(key) || []), element]);
  }
  const root = svg("svg", {
    role: "img",
    "aria-label": `Graph of ${plural(pipelines.size, "pipeline", "pipelines")} with ` +
      `${plural(drawn.length, "element", "elements")}. The tables below have the same figures.`,
  }, svg("defs", {}, arrowHead("arrow"), arrowHead("arrow-worst")));
  let [width, y] = [0, 0];
  // The pipeline to look at comes first.
  const ordered = [...pipelines.values()].sort((a, b) => hasWorst(b) - hasWorst(a));
  for (const elements of ordered) {
    const drawing = drawPipeline(pipelineName(elements[0]), elements, maxWidth);
    root.append(svg("g", {transform: `translate(0.5 ${y + 0.5})`}, drawing.content));
    width = Math.max(width, drawing.width);
    y += drawing.height + 18;
  }
  root.setAttribute("viewBox", `0 0 ${width + 1} ${Math.max(1, y - 17)}`);
  return {root, width: width + 1};
}

/// The graph with buttons for its size; drawn anew when the width changes.
function graphView() {
  const frame = html("div", {class: "graph", tabindex: 0, role: "region",
    "aria-label": "Pipeline graph, can be scrolled"});
  let zoom = 1;
  let drawing = null;
  const scale = () => { drawing.root.setAttribute("width", Math.round(drawing.width * zoom)); };
  const draw = (width) => {
    drawing = drawGraph(width);
    frame.replaceChildren(drawing.root);
    scale();
  };
  const button = (text, label, change) => {
    const result = html("button", {type: "button", "aria-label": label}, text);
    result.addEventListener("click", () => {
      zoom = change(zoom);
      scale();
    });
    return result;
  };
  const buttons = html("div", {class: "zoom", role: "group", "aria-label": "Size of the graph"},
    button("−", "Smaller", (now) => Math.max(0.3, now / 1.25)),
    button("100 %", "Usual size", () => 1),
    button("+", "Larger", (now) => Math.min(3, now * 1.25)));
  const fit = () => draw(Math.max(280, frame.clientWidth));
  let lastWidth = 0;
  window.addEventListener("resize", () => {
    if (frame.clientWidth !== lastWidth)
      fit();
    lastWidth = frame.clientWidth;
  });
  window.addEventListener("beforeprint", () => draw(980));
  window.addEventListener("afterprint", fit);
  return {content: [buttons, frame], fit};
}
