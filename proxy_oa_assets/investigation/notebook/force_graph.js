// The graph of hosts over time. Every value is drawn on a canvas or set by textContent: none is markup or a link.
//
// `content` holds nodes (clients and hosts, the gravest first) and links with their times, pairs of a second of
// the day and its number of requests. A selection is sent as a message: the numbers of the selected hosts, the
// number of the message in this view, and the version of the content.

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
    this.axis = new TimeAxis(el, () => this.showSoon());
    this.status = made(el, "div", "status");
    this.status.setAttribute("role", "status");
    const toggle = (number, selected) => this.nodes[number][selected ? "select" : "unselect"]();
    this.table = new HostTable(el, toggle, () => this.fillTable());
    this.cy = cytoscape({ container: this.drawing, style: STYLE, minZoom: 0.1, maxZoom: 4 });
    this.cy.on("select unselect", "node", () => this.selectedSoon());
    this.cy.on("tap", "node[?client]", ({ target }) => this.select(target.outgoers("node:visible")));
    this.cy.on("mouseover", "node", ({ target }) => this.tell(target));
    this.cy.on("mouseout", "node", () => this.tell(null));
    this.cy.on("zoom position", () => this.nameSoon());
    this.observer = new ResizeObserver(() => {
      this.arrangeOnce();
      this.axis.draw();
    });
    this.observer.observe(this.drawing);
    this.draw();
  }

  close() {
    this.observer.disconnect();
    clearTimeout(this.naming);
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

  draw() {
    const { nodes, links, note } = this.model.get("content");
    this.note.textContent = note;
    this.quiet = true;
    this.zoomed = null;
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
    this.nodes = this.cy.nodes().toArray();
    this.edges = this.cy.edges().toArray();
    this.reached = null;
    this.fitted = false;
    this.axis.show(nodes, links);
    this.show();
    this.arrangeOnce();
  }

  // What a layout fills. A drawing in a tab that isn't shown, or that is only being placed, has no such space.
  get space() {
    return [this.drawing.clientWidth - 2 * MARGIN, this.drawing.clientHeight - 2 * MARGIN];
  }

  get hasSpace() {
    return this.space.every((length) => length > 0);
  }

  arrangeOnce() {
    // Cytoscape keeps the size that it has read, even one from before the drawing was in the page.
    this.cy.resize();
    if (!this.fitted && this.hasSpace) this.arrange();
  }

  // Hosts that are linked attract each other; or they stand from left to right in the order of time.
  arrange() {
    this.way.textContent = this.byTime ? "By links" : "By time";
    const { nodes } = this.model.get("content");
    const [width, height] = this.space.map((length) => Math.max(length, 1));
    if (!nodes.length) return;
    const order = [...nodes.keys()].sort((a, b) => (nodes[a].first ?? -1) - (nodes[b].first ?? -1) || a - b);
    const share = new Map(order.map((number, at) => [number, (at + 0.5) / nodes.length]));
    // Neighbours in time stand far apart, so that names have space: (lanes - 1) / 2 has no common divisor with it.
    const lanes = Math.max(3, Math.floor(height / 40)) | 1;
    const inRows = (part) => ({
      x: part * width,
      y: (((Math.floor(part * nodes.length) * (lanes - 1)) / 2 + 0.5) % lanes) * (height / lanes),
    });
    const inCircle = (part) => ({ x: 300 * Math.cos(part * 2 * Math.PI), y: 300 * Math.sin(part * 2 * Math.PI) });
    const place = this.byTime ? inRows : inCircle;
    this.cy.nodes().positions((node) => place(share.get(node.data("number"))));
    if (!this.byTime) this.attract(width, height);
    this.cy.viewport({ zoom: 1, pan: { x: MARGIN, y: MARGIN } });
    this.fitted = this.hasSpace;
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
        boundingBox: { x1: 0, y1: 0, w: width, h: height },
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

  showSoon() {
    this.showing ??= requestAnimationFrame(() => {
      this.showing = null;
      if (!this.cy.destroyed()) this.show();
    });
  }

  // Show the requests of the chosen span of time.
  show() {
    const { nodes, links } = this.model.get("content");
    this.requests = nodes.map(() => 0);
    this.linked = new Set();
    this.cy.batch(() => {
      const hide = (element, out) => element.hasClass("out") !== out && element.toggleClass("out", out);
      links.forEach((link, number) => {
        const requests = within(link, this.axis.span);
        hide(this.edges[number], !requests);
        if (!requests) return;
        this.linked.add(link.source).add(link.target);
        if (nodes[link.source].client) this.requests[link.target] += requests;
      });
      this.nodes.forEach((node, number) => hide(node, !this.linked.has(number)));
    });
    this.fillTable();
    this.tell(null);
    this.nameSoon();
  }

  // Names that would lie on a graver host's name are left out, until there is space for them.
  nameSoon() {
    clearTimeout(this.naming);
    this.naming = setTimeout(() => this.cy.destroyed() || this.name(), 60);
  }

  name() {
    const zoom = this.cy.zoom();
    const taken = [];
    // Names keep their size on the screen.
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
      if (this.zoomed !== zoom)
        this.cy.nodes().style({ "font-size": 11 / zoom, "text-outline-width": 2 / zoom });
      this.zoomed = zoom;
    });
  }

  tell(node) {
    const { nodes } = this.model.get("content");
    const hosts = [...this.linked].filter((number) => !nodes[number].client);
    const requests = this.requests.reduce((one, other) => one + other, 0);
    const seen = `${clock(this.axis.span[0])} to ${clock(this.axis.span[1])}: ${requests} requests, ${hosts.length} hosts`;
    const chosen = this.cy?.nodes(":selected").length ?? 0;
    const about = chosen ? `${seen}; ${chosen} selected` : seen;
    this.status.textContent = nodes.length ? (node ? nodes[node.data("number")].about : about) : "No requests";
  }

  fillTable() {
    const selected = this.selected();
    this.table.fill(this.model.get("content"), this.axis.span, this.requests, this.linked, selected);
  }

  selected() {
    return this.cy.nodes(":selected").map((node) => node.data("number"));
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
    const selected = this.selected();
    this.table.mark(selected);
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
