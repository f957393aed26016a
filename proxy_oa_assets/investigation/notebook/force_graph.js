// The graph of hosts over time. Every value is drawn on a canvas or set by textContent: none is markup or a link.
//
// `content` holds nodes (clients and hosts, the gravest first) and links with their times, pairs of a second of
// the day and its number of requests. A selection is sent as a message: the numbers of the selected hosts, the
// number of the message in this view, and the version of the content.

const COLOURS = ["#7d8fa6", "#4d7c5a", "#c79a00", "#b45309", "#d01c2c"];
const MEANINGS = ["not listed", "low", "listed, not scored", "medium", "high"];
const INK = "#222";
const BINS = 160;
// Pixels around the hosts.
const MARGIN = 30;

function made(parent, tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return parent.appendChild(node);
}

function clock(second) {
  const parts = [second / 3600, (second / 60) % 60, second % 60];
  return parts.map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
}

// The requests of a link within a span of time.
function within({ times, untimed }, [from, to]) {
  let requests = untimed;
  for (let at = 0; at < times.length; at += 2)
    if (times[at] >= from && times[at] <= to) requests += times[at + 1];
  return requests;
}

const STYLE = [
  {
    selector: "node",
    style: {
      label: "data(label)",
      width: "data(size)",
      height: "data(size)",
      "background-color": "data(colour)",
      "border-width": 1,
      "border-color": "#fff",
      color: INK,
      "font-family": "sans-serif",
      "text-valign": "bottom",
      "text-margin-y": 2,
      "text-outline-color": "#fff",
      "text-outline-width": 2,
      "z-index": "data(grave)",
    },
  },
  { selector: "node[?client]", style: { shape: "round-rectangle", "background-color": "#1f5fa8" } },
  { selector: "node[concern = 4]", style: { shape: "diamond" } },
  { selector: "node[!requests]", style: { "background-opacity": 0.25, "border-color": "data(colour)" } },
  { selector: "node.unnamed", style: { label: "" } },
  { selector: "node.reached", style: { "border-width": 3, "border-color": INK, "z-index": 9999 } },
  { selector: "node:selected", style: { "border-width": 4, "border-color": "#1f5fa8" } },
  {
    selector: "edge",
    style: {
      width: "data(width)",
      "line-color": "#8c94a0",
      "target-arrow-color": "#8c94a0",
      "target-arrow-shape": "triangle",
      "arrow-scale": 0.8,
      "curve-style": "straight",
      events: "no",
    },
  },
  {
    selector: "edge[?client]",
    style: { "line-color": "#cfd6df", "target-arrow-shape": "none", "line-style": "dashed", width: 1 },
  },
  { selector: ".out", style: { display: "none" } },
];

class Graph {
  constructor(model, el) {
    this.model = model;
    this.view = String(Math.random());
    this.sent = 0;
    this.byTime = false;
    el.classList.add("force-graph");
    // JupyterLab's own keys don't work while the graph has the focus.
    el.dataset.lmSuppressShortcuts = "true";
    this.drawBar(el);
    this.drawing = made(el, "div", "drawing");
    this.drawing.style.height = model.get("height");
    this.drawing.tabIndex = 0;
    this.drawing.setAttribute("role", "application");
    this.drawing.setAttribute(
      "aria-label",
      "Graph of hosts: the arrow keys go from host to host in order of time, Enter selects, plus and minus " +
        "zoom, 0 shows all. The table below has the same hosts.",
    );
    this.drawing.addEventListener("keydown", (event) => this.pressed(event));
    this.drawTime(el);
    this.status = made(el, "div", "status");
    this.status.setAttribute("role", "status");
    this.drawTable(el);
    this.cy = cytoscape({ container: this.drawing, style: STYLE, minZoom: 0.1, maxZoom: 4 });
    this.cy.on("select unselect", "node", () => this.selectedSoon());
    this.cy.on("tap", "node[?client]", ({ target }) => this.select(target.outgoers("node:visible")));
    this.cy.on("mouseover", "node", ({ target }) => this.tell(target));
    this.cy.on("mouseout", "node", () => this.tell(null));
    this.cy.on("zoom pan resize position", () => this.nameSoon());
    // A graph in a tab that isn't shown has no size.
    this.observer = new ResizeObserver(() => {
      this.cy.resize();
      if (!this.fitted && this.drawing.clientWidth) this.arrange();
      this.drawBins();
    });
    this.observer.observe(this.drawing);
    this.draw();
  }

  close() {
    this.observer.disconnect();
    this.cy.destroy();
  }

  drawBar(el) {
    const bar = made(el, "div", "bar");
    const button = (text, title, act) => {
      const node = made(bar, "button", "jupyter-widgets jupyter-button widget-button", text);
      node.title = title;
      node.addEventListener("click", act);
      return node;
    };
    button("+", "Zoom in", () => this.zoom(1.4));
    button("−", "Zoom out", () => this.zoom(1 / 1.4));
    button("Fit", "Show all hosts", () => this.fit());
    this.way = button("By time", "Place hosts from left to right in the order of their first requests", () => {
      this.byTime = !this.byTime;
      this.arrange();
    });
    const legend = made(bar, "span", "legend");
    const entry = (text, colour, shape) => {
      made(legend, "i", shape).style.background = colour;
      made(legend, "span", "", text);
    };
    entry("client", "#1f5fa8", "square");
    for (let concern = 4; concern >= 0; concern -= 1)
      entry(MEANINGS[concern], COLOURS[concern], concern === 4 ? "diamond" : "circle");
    this.note = made(el, "div", "note");
  }

  drawTime(el) {
    const time = made(el, "div", "time");
    this.bins = made(time, "canvas", "bins");
    this.bins.title = "Drag over a span of time; a double click shows all";
    const field = (name) => {
      const input = made(time, "input");
      input.type = "range";
      input.setAttribute("aria-label", name);
      input.addEventListener("input", () => this.slid());
      return input;
    };
    this.from = field("From");
    this.to = field("To");
    let anchor = null;
    const second = (event) => {
      const { left, width } = this.bins.getBoundingClientRect();
      const [first, last] = this.all;
      return Math.round(first + Math.min(1, Math.max(0, (event.clientX - left) / width)) * (last - first));
    };
    const drag = (event) => {
      const [one, other] = [anchor, second(event)].sort((a, b) => a - b);
      this.show([one, other]);
    };
    this.bins.addEventListener("pointerdown", (event) => {
      anchor = second(event);
      this.bins.setPointerCapture(event.pointerId);
    });
    this.bins.addEventListener("pointermove", (event) => anchor !== null && drag(event));
    this.bins.addEventListener("pointerup", (event) => {
      // A click is no span.
      if (anchor !== null && second(event) !== anchor) drag(event);
      anchor = null;
    });
    this.bins.addEventListener("dblclick", () => this.show(this.all));
  }

  drawTable(el) {
    const details = made(el, "details");
    made(details, "summary", "", "The hosts as a table");
    const frame = made(details, "div", "hosts");
    const table = made(frame, "table");
    table.setAttribute("aria-label", "Hosts of the graph");
    const head = made(made(table, "thead"), "tr");
    for (const text of ["", "host", "risk", "requests", "led here from", "about"]) made(head, "th", "", text);
    this.body = made(table, "tbody");
    details.addEventListener("toggle", () => this.fillTable());
    this.details = details;
  }

  draw() {
    const { nodes, links, note } = this.model.get("content");
    this.note.textContent = note;
    const seconds = links.flatMap(({ times }) => times.filter((_, at) => at % 2 === 0));
    this.all = seconds.length ? seconds.reduce(([a, b], s) => [Math.min(a, s), Math.max(b, s)], [86400, 0]) : [0, 0];
    for (const input of [this.from, this.to]) [input.min, input.max] = this.all;
    this.quiet = true;
    this.cy.elements().remove();
    this.cy.add([
      ...nodes.map(({ label, client, requests, concern }, number) => ({
        group: "nodes",
        selectable: !client,
        data: {
          id: `n${number}`,
          number,
          label,
          client,
          requests,
          concern,
          colour: COLOURS[concern],
          grave: nodes.length - number,
          size: client ? 26 : Math.min(46, 12 + 5 * Math.log2(1 + requests)),
        },
      })),
      ...links.map(({ source, target, times, untimed }, number) => ({
        group: "edges",
        data: {
          id: `l${number}`,
          source: `n${source}`,
          target: `n${target}`,
          client: nodes[source].client,
          width: Math.min(5, 1 + Math.log2(1 + times.length / 2 + untimed) / 2),
        },
      })),
    ]);
    this.quiet = false;
    this.reached = null;
    this.fitted = false;
    this.show(this.all);
    if (this.drawing.clientWidth) this.arrange();
  }

  // Hosts that are linked attract each other; or they stand from left to right in the order of time.
  arrange() {
    this.fitted = true;
    this.way.textContent = this.byTime ? "By links" : "By time";
    const { nodes } = this.model.get("content");
    if (!nodes.length) return;
    const [width, height] = [this.drawing.clientWidth - 2 * MARGIN, this.drawing.clientHeight - 2 * MARGIN];
    const order = [...nodes.keys()].sort((a, b) => (nodes[a].first ?? -1) - (nodes[b].first ?? -1) || a - b);
    const share = new Map(order.map((number, at) => [number, (at + 0.5) / nodes.length]));
    const lanes = Math.max(1, Math.floor(height / 40));
    const inRows = (part) => ({
      x: part * width,
      y: (((Math.floor(part * nodes.length) * 3) % lanes) + 0.5) * (height / lanes),
    });
    const inCircle = (part) => ({ x: 300 * Math.cos(part * 2 * Math.PI), y: 300 * Math.sin(part * 2 * Math.PI) });
    const place = this.byTime ? inRows : inCircle;
    this.cy.nodes().positions((node) => place(share.get(node.data("number"))));
    if (!this.byTime) this.attract(width, height);
    this.cy.viewport({ zoom: 1, pan: { x: MARGIN, y: MARGIN } });
    this.nameSoon();
  }

  attract(width, height) {
    // A host stands with those that led to it; the others stand around their client.
    const led = this.cy.edges("[!client]");
    const rest = this.cy.edges("[?client]").filter((edge) => edge.target().incomers("edge[!client]").empty());
    const several = this.cy.nodes().length;
    this.cy
      .nodes()
      .union(led)
      .union(rest)
      .layout({
        name: "cose",
        animate: false,
        randomize: false,
        fit: false,
        nodeRepulsion: () => 50000,
        idealEdgeLength: () => 40,
        componentSpacing: 60,
        numIter: Math.min(600, Math.ceil(20000 / several)),
        initialTemp: 400,
        coolingFactor: 0.97,
      })
      .run();
    // As wide and as high as the drawing.
    const { x1, y1, w, h } = this.cy.nodes().boundingBox({ includeLabels: false });
    const onto = (value, from, length, space) => (length < 1 ? space / 2 : ((value - from) / length) * space);
    const positions = this.cy.nodes().map((node) => ({ ...node.position() }));
    this.cy.nodes().positions((_, at) => ({
      x: onto(positions[at].x, x1, w, width),
      y: onto(positions[at].y, y1, h, height),
    }));
  }

  // Show the requests of a span of time.
  show(span) {
    this.span = span;
    [this.from.value, this.to.value] = span;
    this.from.setAttribute("aria-valuetext", clock(span[0]));
    this.to.setAttribute("aria-valuetext", clock(span[1]));
    const { nodes, links } = this.model.get("content");
    this.requests = nodes.map(() => 0);
    const linked = new Set();
    this.cy.batch(() => {
      links.forEach((link, number) => {
        const requests = within(link, span);
        this.cy.getElementById(`l${number}`).toggleClass("out", !requests);
        if (!requests) return;
        linked.add(link.source).add(link.target);
        if (nodes[link.source].client) this.requests[link.target] += requests;
      });
      nodes.forEach((_, number) => this.cy.getElementById(`n${number}`).toggleClass("out", !linked.has(number)));
    });
    this.linked = linked;
    this.drawBins();
    this.fillTable();
    this.tell(null);
    this.nameSoon();
  }

  slid() {
    const [from, to] = [Number(this.from.value), Number(this.to.value)];
    this.show([Math.min(from, to), Math.max(from, to)]);
  }

  drawBins() {
    const { nodes, links } = this.model.get("content");
    const [width, height] = [this.bins.clientWidth, this.bins.clientHeight];
    if (!width) return;
    const ratio = window.devicePixelRatio || 1;
    [this.bins.width, this.bins.height] = [width * ratio, height * ratio];
    const paint = this.bins.getContext("2d");
    paint.scale(ratio, ratio);
    const [first, last] = this.all;
    const x = (second) => ((second - first) / Math.max(1, last - first)) * (width - 4) + 2;
    paint.fillStyle = "#dbe8f7";
    paint.fillRect(x(this.span[0]) - 2, 0, x(this.span[1]) - x(this.span[0]) + 4, height);
    const bins = Array.from({ length: BINS }, () => [0, 0]);
    links.forEach(({ source, target, times }) => {
      if (!nodes[source].client) return;
      for (let at = 0; at < times.length; at += 2) {
        const bin = bins[Math.floor(((times[at] - first) / Math.max(1, last - first)) * (BINS - 1))];
        bin[0] += times[at + 1];
        bin[1] = Math.max(bin[1], nodes[target].concern);
      }
    });
    const most = Math.max(1, ...bins.map(([requests]) => requests));
    bins.forEach(([requests, concern], number) => {
      if (!requests) return;
      const tall = Math.max(3, (Math.sqrt(requests / most) * (height - 14)) | 0);
      paint.fillStyle = COLOURS[concern];
      paint.fillRect((number / (BINS - 1)) * (width - 6) + 1, height - tall, 4, tall);
    });
    paint.fillStyle = INK;
    paint.font = "11px sans-serif";
    paint.fillText(clock(first), 2, 10);
    const end = clock(last);
    paint.fillText(end, width - paint.measureText(end).width - 2, 10);
  }

  // Names that would lie on a graver host's name are left out, until there is space for them.
  nameSoon() {
    if (this.naming) return;
    this.naming = requestAnimationFrame(() => {
      this.naming = null;
      if (!this.cy.destroyed()) this.name();
    });
  }

  name() {
    const zoom = this.cy.zoom();
    const taken = [];
    this.cy.batch(() => {
      this.cy.nodes(":visible").forEach((node) => {
        const { x, y } = node.renderedPosition();
        const top = y + (node.data("size") * zoom) / 2;
        const half = node.data("label").length * 3.2 + 2;
        const box = [x - half, top, x + half, top + 14];
        const free = taken.every(([l, t, r, b]) => box[2] < l || box[0] > r || box[3] < t || box[1] > b);
        const named = free || node.hasClass("reached") || node.selected();
        if (named) taken.push(box);
        node.toggleClass("unnamed", !named);
      });
      this.cy.nodes().style("font-size", 11 / zoom).style("text-outline-width", 2 / zoom);
    });
  }

  tell(node) {
    const { nodes } = this.model.get("content");
    const hosts = [...this.linked].filter((number) => !nodes[number].client);
    const requests = this.requests.reduce((one, other) => one + other, 0);
    const seen = `${clock(this.span[0])} to ${clock(this.span[1])}: ${requests} requests, ${hosts.length} hosts`;
    const chosen = this.cy?.nodes(":selected").length ?? 0;
    const about = chosen ? `${seen}; ${chosen} selected` : seen;
    this.status.textContent = nodes.length ? (node ? nodes[node.data("number")].about : about) : "No requests";
  }

  fillTable() {
    if (!this.details.open) return;
    const { nodes, links } = this.model.get("content");
    const origins = nodes.map(() => []);
    links.forEach((link) => {
      if (!nodes[link.source].client && within(link, this.span)) origins[link.target].push(nodes[link.source].name);
    });
    this.body.replaceChildren();
    this.boxes = new Map();
    nodes.forEach(({ client, name, concern, about }, number) => {
      if (client || !this.linked.has(number)) return;
      const row = made(this.body, "tr");
      const box = made(made(row, "td"), "input");
      box.type = "checkbox";
      box.setAttribute("aria-label", name);
      box.checked = this.cy.getElementById(`n${number}`).selected();
      box.addEventListener("change", () => {
        const node = this.cy.getElementById(`n${number}`);
        if (box.checked) node.select();
        else node.unselect();
      });
      this.boxes.set(number, box);
      for (const text of [name, MEANINGS[concern], this.requests[number], origins[number].join(", "), about])
        made(row, "td", "", String(text)).title = text;
    });
  }

  select(nodes) {
    this.cy.batch(() => {
      this.cy.nodes(":selected").unselect();
      nodes.select();
    });
  }

  // Several nodes change at once when others take their place.
  selectedSoon() {
    if (this.quiet || this.sending) return;
    this.sending = true;
    queueMicrotask(() => {
      this.sending = false;
      this.send();
    });
  }

  send() {
    const selected = this.cy.nodes(":selected").map((node) => node.data("number"));
    this.boxes?.forEach((box, number) => (box.checked = selected.includes(number)));
    this.sent += 1;
    this.model.send({ version: this.model.get("content").version, selected, view: this.view, number: this.sent });
    this.tell(this.reached);
    this.nameSoon();
  }

  zoom(factor) {
    const centre = { x: this.drawing.clientWidth / 2, y: this.drawing.clientHeight / 2 };
    this.cy.zoom({ level: this.cy.zoom() * factor, renderedPosition: centre });
  }

  fit() {
    this.cy.fit(this.cy.elements(":visible"), MARGIN);
  }

  pressed(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) this.reach(step);
    else if (event.key === "Enter" || event.key === " ") {
      if (!this.reached) return;
      if (this.reached.data("client")) this.select(this.reached.outgoers("node:visible"));
      else if (event.ctrlKey || event.shiftKey || event.metaKey)
        this.reached[this.reached.selected() ? "unselect" : "select"]();
      else this.select(this.reached);
    } else if (event.key === "+" || event.key === "=") this.zoom(1.4);
    else if (event.key === "-") this.zoom(1 / 1.4);
    else if (event.key === "0") this.fit();
    else if (event.key === "Escape") this.select(this.cy.collection());
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Go on to the next host in the order of time.
  reach(step) {
    const { nodes } = this.model.get("content");
    const shown = this.cy.nodes(":visible").toArray();
    if (!shown.length) return;
    const first = (node) => nodes[node.data("number")].first ?? -1;
    shown.sort((a, b) => first(a) - first(b) || a.data("number") - b.data("number"));
    const at = this.reached ? shown.indexOf(this.reached) + step : 0;
    this.reached?.removeClass("reached");
    this.reached = shown[(at + shown.length) % shown.length];
    this.reached.addClass("reached");
    const { x, y } = this.reached.renderedPosition();
    const { clientWidth, clientHeight } = this.drawing;
    if (x < 0 || y < 0 || x > clientWidth || y > clientHeight) this.cy.center(this.reached);
    this.tell(this.reached);
    this.nameSoon();
  }
}

function render({ model, el }) {
  const graph = new Graph(model, el);
  const draw = () => graph.draw();
  model.on("change:content", draw);
  return () => {
    model.off("change:content", draw);
    graph.close();
  };
}

export default { render };
