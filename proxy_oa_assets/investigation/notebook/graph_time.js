// The time axis of the graph: bars of requests, over which a span of time is dragged, and two sliders.

const BINS = 160;

class TimeAxis {
  // `changed` is called with each other span.
  constructor(el, changed) {
    this.changed = changed;
    const time = made(el, "div", "time");
    this.canvas = made(time, "canvas", "bins");
    this.canvas.title = "Drag over a span of time; a double click shows all";
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
    const drag = (event) => this.choose([anchor, this.second(event)].sort((a, b) => a - b));
    this.canvas.addEventListener("pointerdown", (event) => {
      anchor = this.second(event);
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => anchor !== null && drag(event));
    this.canvas.addEventListener("pointerup", (event) => {
      // A click is no span.
      if (anchor !== null && this.second(event) !== anchor) drag(event);
      anchor = null;
    });
    this.canvas.addEventListener("pointercancel", () => (anchor = null));
    this.canvas.addEventListener("dblclick", () => this.choose(this.all));
  }

  // Show the requests of other nodes and links, all of their time.
  show(nodes, links) {
    const asked = links.filter(({ source }) => nodes[source].client);
    this.all = [Infinity, -Infinity];
    for (const { times } of links)
      for (let at = 0; at < times.length; at += 2)
        this.all = [Math.min(this.all[0], times[at]), Math.max(this.all[1], times[at])];
    if (this.all[0] > this.all[1]) this.all = [0, 0];
    const [first, last] = this.all;
    this.bins = Array.from({ length: BINS }, () => [0, 0]);
    for (const { target, times } of asked)
      for (let at = 0; at < times.length; at += 2) {
        const bin = this.bins[Math.floor(((times[at] - first) / Math.max(1, last - first)) * (BINS - 1))];
        bin[0] += times[at + 1];
        bin[1] = Math.max(bin[1], nodes[target].concern);
      }
    for (const input of [this.from, this.to]) [input.min, input.max] = this.all;
    this.choose(this.all);
  }

  choose(span) {
    this.span = span;
    [this.from, this.to].forEach((input, at) => {
      input.value = span[at];
      input.setAttribute("aria-valuetext", clock(span[at]));
    });
    this.draw();
    this.changed();
  }

  slid() {
    this.choose([Number(this.from.value), Number(this.to.value)].sort((a, b) => a - b));
  }

  second(event) {
    const { left, width } = this.canvas.getBoundingClientRect();
    // The ends are wider than a pixel.
    const share = Math.min(1, Math.max(0, (event.clientX - left - 6) / (width - 12)));
    return Math.round(this.all[0] + share * (this.all[1] - this.all[0]));
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    const ratio = window.devicePixelRatio || 1;
    [this.canvas.width, this.canvas.height] = [width * ratio, height * ratio];
    const paint = this.canvas.getContext("2d");
    paint.scale(ratio, ratio);
    const [first, last] = this.all;
    const x = (second) => ((second - first) / Math.max(1, last - first)) * (width - 4);
    paint.fillStyle = "#dbe8f7";
    paint.fillRect(x(this.span[0]), 0, x(this.span[1]) - x(this.span[0]) + 4, height);
    const most = Math.max(1, ...this.bins.map(([requests]) => requests));
    this.bins.forEach(([requests, concern], number) => {
      if (!requests) return;
      // By the root: a single request beside a busy minute is still seen.
      const tall = Math.max(3, Math.sqrt(requests / most) * (height - 14));
      paint.fillStyle = COLOURS[concern];
      paint.fillRect((number / (BINS - 1)) * (width - 4), height - tall, 4, tall);
    });
    paint.fillStyle = INK;
    paint.font = "11px sans-serif";
    paint.fillText(clock(first), 2, 10);
    paint.fillText(clock(last), width - paint.measureText(clock(last)).width - 2, 10);
  }
}
