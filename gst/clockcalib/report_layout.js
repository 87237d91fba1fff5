// A layered drawing of a graph: each element right of what feeds it, few crossings, short edges.
// Long chains are broken into bands that fit the width.

const kLayout = {nodeWidth: 196, layerGap: 54, rowGap: 20, laneGap: 7, bandGap: 26};

/// The parts of the graph that hang together. `nodes` are {id, height}, `edges` are {from, to}.
function components(nodes, edges) {
  const parent = new Map(nodes.map((node) => [node.id, node.id]));
  const root = (id) => {
    while (parent.get(id) !== id)
      id = parent.get(id);
    return id;
  };
  for (const edge of edges)
    parent.set(root(edge.from), root(edge.to));
  const parts = new Map();
  for (const node of nodes) {
    const key = root(node.id);
    if (!parts.has(key))
      parts.set(key, {nodes: [], edges: []});
    parts.get(key).nodes.push(node);
  }
  for (const edge of edges)
    parts.get(root(edge.from)).edges.push(edge);
  return [...parts.values()];
}

/// Ids in an order in which every edge that closes no circle points forward.
function topologicalOrder(part) {
  const out = new Map(part.nodes.map((node) => [node.id, []]));
  const hasInput = new Set();
  for (const edge of part.edges) {
    out.get(edge.from).push(edge.to);
    hasInput.add(edge.to);
  }
  const seen = new Set();
  const order = [];
  const visit = (id) => {
    const stack = [[id, 0]];
    seen.add(id);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const next = out.get(top[0])[top[1]++];
      if (next === undefined) {
        order.push(top[0]);
        stack.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        stack.push([next, 0]);
      }
    }
  };
  const first = part.nodes.filter((node) => !hasInput.has(node.id));
  for (const node of [...first, ...part.nodes]) {
    if (!seen.has(node.id))
      visit(node.id);
  }
  return order.reverse();
}

/// The layer of each id; sources stand close to what they feed.
function assignLayers(part) {
  const order = topologicalOrder(part);
  const place = new Map(order.map((id, index) => [id, index]));
  const forward = part.edges.filter((edge) => place.get(edge.from) < place.get(edge.to));
  const layer = new Map(order.map((id) => [id, 0]));
  const byFrom = (a, b) => place.get(a.from) - place.get(b.from);
  for (const edge of [...forward].sort(byFrom))
    layer.set(edge.to, Math.max(layer.get(edge.to), layer.get(edge.from) + 1));
  for (const id of order) {
    const fed = forward.filter((edge) => edge.from === id).map((edge) => layer.get(edge.to));
    if (fed.length > 0 && !forward.some((edge) => edge.to === id))
      layer.set(id, Math.min(...fed) - 1);
  }
  return layer;
}

/// Layers of cells: elements, and a placeholder wherever an edge passes a layer by.
function makeCells(part) {
  const layer = assignLayers(part);
  const layers = [];
  const cellOf = new Map();
  const add = (at, cell) => {
    (layers[at] = layers[at] || []).push(cell);
    return Object.assign(cell, {layer: at, left: [], right: [], y: 0});
  };
  for (const node of part.nodes)
    cellOf.set(node.id, add(layer.get(node.id), {node, height: node.height}));
  const chains = part.edges.map((edge) => {
    const backward = layer.get(edge.from) >= layer.get(edge.to);
    const [from, to] = backward ? [edge.to, edge.from] : [edge.from, edge.to];
    const chain = [cellOf.get(from)];
    for (let at = layer.get(from) + 1; at < layer.get(to); ++at)
      chain.push(add(at, {node: null, height: 14}));
    if (from !== to)
      chain.push(cellOf.get(to));
    for (let i = 1; i < chain.length; ++i) {
      chain[i - 1].right.push(chain[i]);
      chain[i].left.push(chain[i - 1]);
    }
    return {edge, backward, cells: chain};
  });
  return {layers, chains};
}

function mean(numbers, otherwise) {
  return numbers.length > 0 ? sum(numbers) / numbers.length : otherwise;
}

function numberRows(layers) {
  for (const cells of layers)
    cells.forEach((cell, row) => { cell.row = row; });
}

function crossings(layers) {
  let count = 0;
  for (const cells of layers) {
    const ends = cells.flatMap((cell) => cell.right.map((to) => [cell.row, to.row]));
    for (const [a, b] of ends)
      count += ends.filter(([c, d]) => a < c && b > d).length;
  }
  return count;
}

/// Sorts each layer by where its neighbours stand, to and fro, and keeps the best order seen.
function orderRows(layers) {
  numberRows(layers);
  let best = layers.map((cells) => [...cells]);
  let fewest = crossings(layers);
  for (let round = 0; round < 12 && fewest > 0; ++round) {
    const side = round % 2 === 0 ? "left" : "right";
    const sweep = side === "left" ? [...layers] : [...layers].reverse();
    for (const cells of sweep) {
      const weight = new Map(cells.map(
        (cell) => [cell, mean(cell[side].map((other) => other.row), cell.row)]));
      cells.sort((a, b) => weight.get(a) - weight.get(b));
      cells.forEach((cell, row) => { cell.row = row; });
    }
    const count = crossings(layers);
    if (count < fewest) {
      fewest = count;
      best = layers.map((cells) => [...cells]);
    }
  }
  best.forEach((cells, at) => { layers[at] = cells; });
  numberRows(layers);
}

/// Centres as near as possible to `wanted` (least squares) that keep order and distance: isotonic
/// regression by pooling neighbours.
function settle(cells, wanted) {
  const offsets = [];
  let offset = 0;
  cells.forEach((cell, i) => {
    if (i > 0)
      offset += (cells[i - 1].height + cell.height) / 2 + kLayout.rowGap;
    offsets.push(offset);
  });
  const pools = [];
  cells.forEach((cell, i) => {
    let pool = {total: wanted[i] - offsets[i], count: 1};
    while (pools.length > 0) {
      const before = pools[pools.length - 1];
      if (before.total / before.count <= pool.total / pool.count)
        break;
      pool = {total: pool.total + before.total, count: pool.count + before.count};
      pools.pop();
    }
    pools.push(pool);
  });
  let i = 0;
  for (const pool of pools) {
    for (let n = 0; n < pool.count; ++n, ++i)
      cells[i].y = pool.total / pool.count + offsets[i];
  }
}

function assignHeights(layers) {
  for (const cells of layers)
    settle(cells, cells.map(() => 0));
  for (let round = 0; round < 16; ++round) {
    const side = round % 2 === 0 ? "left" : "right";
    const sweep = side === "left" ? layers : [...layers].reverse();
    for (const cells of sweep)
      settle(cells, cells.map((cell) => mean(cell[side].map((other) => other.y), cell.y)));
  }
}

/// Moves the layers of each band below those of the band before.
function breakIntoBands(layers, perBand) {
  const bands = [];
  let top = 0;
  for (let first = 0; first < layers.length; first += perBand) {
    const members = layers.slice(first, first + perBand);
    const cells = members.flat();
    const upper = Math.min(...cells.map((cell) => cell.y - cell.height / 2));
    const lower = Math.max(...cells.map((cell) => cell.y + cell.height / 2));
    const next = layers[first + perBand];
    const lanes = next ? sum(next.map((cell) => cell.left.length)) : 0;
    members.forEach((column, at) => {
      for (const cell of column) {
        cell.y += top - upper;
        cell.x = lanesWidth(layers, perBand) + at * (kLayout.nodeWidth + kLayout.layerGap);
      }
    });
    const bottom = top + lower - upper;
    bands.push({bottom, lanesUsed: 0, lanes});
    top = bottom + (next ? kLayout.bandGap * 2 + lanes * kLayout.laneGap : 0);
  }
  return {bands, height: top};
}

/// Room at both sides for edges that go on in the next band.
function lanesWidth(layers, perBand) {
  let most = 0;
  for (let first = perBand; first < layers.length; first += perBand)
    most = Math.max(most, sum(layers[first].map((cell) => cell.left.length)));
  return most === 0 ? 0 : 16 + most * kLayout.laneGap;
}

/// The points of an edge; where it changes band it runs between the two.
function routePoints(chain, perBand, bands) {
  const points = [];
  chain.cells.forEach((cell, i) => {
    const before = chain.cells[i - 1];
    if (before && Math.floor(before.layer / perBand) !== Math.floor(cell.layer / perBand)) {
      const band = bands[Math.floor(before.layer / perBand)];
      const lane = band.lanesUsed++;
      const right = before.x + kLayout.nodeWidth + 14 + lane * kLayout.laneGap;
      const left = cell.x - 14 - (band.lanes - 1 - lane) * kLayout.laneGap;
      const y = band.bottom + kLayout.bandGap + lane * kLayout.laneGap;
      points.push({x: right, y: before.y, corner: true}, {x: right, y, corner: true},
        {x: left, y, corner: true}, {x: left, y: cell.y, corner: true});
    }
    if (i > 0)
      points.push({x: cell.x, y: cell.y});
    if (i < chain.cells.length - 1)
      points.push({x: cell.x + kLayout.nodeWidth, y: cell.y});
  });
  return chain.backward ? points.reverse() : points;
}

/// {width, height, nodes: [{node, x, y}] with the upper left corner, routes: [{edge, points}]}
function layoutComponent(part, maxWidth) {
  const {layers, chains} = makeCells(part);
  orderRows(layers);
  assignHeights(layers);
  const step = kLayout.nodeWidth + kLayout.layerGap;
  let perBand = Math.max(1, Math.floor((maxWidth + kLayout.layerGap) / step));
  if (layers.length > perBand) // the side lanes take room as well
    perBand = Math.max(1, Math.floor((maxWidth - 2 * lanesWidth(layers, perBand) +
                                      kLayout.layerGap) / step));
  const {bands, height} = breakIntoBands(layers, perBand);
  const columns = Math.min(perBand, layers.length);
  return {
    width: columns * step - kLayout.layerGap + 2 * lanesWidth(layers, perBand),
    height,
    nodes: layers.flat().filter((cell) => cell.node).map(
      (cell) => ({node: cell.node, x: cell.x, y: cell.y - cell.height / 2})),
    routes: chains.map((chain) => ({edge: chain.edge, points: routePoints(chain, perBand, bands)})),
  };
}
