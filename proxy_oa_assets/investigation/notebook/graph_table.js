// The graph's hosts as a table, for keyboards and screen readers: filled while it is open.

class HostTable {
  // `toggle` is called with a host's number and whether it is to be selected.
  constructor(el, toggle, opened) {
    this.toggle = toggle;
    this.details = made(el, "details");
    made(this.details, "summary", "", "The hosts as a table");
    const table = made(made(this.details, "div", "hosts"), "table");
    table.setAttribute("aria-label", "Hosts of the graph");
    const head = made(made(table, "thead"), "tr");
    for (const text of ["", "host", "risk", "requests", "led here from", "about"]) made(head, "th", "", text);
    this.body = made(table, "tbody");
    this.boxes = new Map();
    this.details.addEventListener("toggle", opened);
  }

  fill({ nodes, links }, span, requests, linked, selected) {
    if (!this.details.open) return;
    const origins = nodes.map(() => []);
    for (const link of links)
      if (!nodes[link.source].client && within(link, span)) origins[link.target].push(nodes[link.source].name);
    this.boxes.clear();
    this.body.replaceChildren();
    nodes.forEach(({ client, name, concern, about }, number) => {
      if (client || !linked.has(number)) return;
      const row = made(this.body, "tr");
      const box = made(made(row, "td"), "input");
      box.type = "checkbox";
      box.setAttribute("aria-label", name);
      box.checked = selected.includes(number);
      box.addEventListener("change", () => this.toggle(number, box.checked));
      this.boxes.set(number, box);
      for (const text of [name, MEANINGS[concern], requests[number], origins[number].join(", "), about])
        made(row, "td", "", String(text)).title = text;
    });
  }

  mark(selected) {
    this.boxes.forEach((box, number) => (box.checked = selected.includes(number)));
  }
}
