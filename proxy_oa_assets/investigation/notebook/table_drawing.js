// What a table shows: every value is set by textContent, title or label, so that nothing in the data is markup
// or a link. `text_table.js` makes it act.
//
// `content` holds columns, rows of texts, for each column its rows' places when it is sorted, and the numbers
// of the rows that are selected at first.

// Longer texts are cut by the kernel.
const CELL = 399;

class Drawing {
  constructor(model, el) {
    this.model = model;
    this.sorted = { column: null, descending: false };
    el.classList.add("text-table");
    // JupyterLab's own keys (D, D deletes a cell) don't work while the table has the focus.
    el.dataset.lmSuppressShortcuts = "true";
    this.el = el;
    this.above = new Above(model, el, (offset) => this.call("page", { offset }));
    this.frame = made(el, "div", "text-table-frame");
    this.frame.style.maxHeight = model.get("height");
    // It has the focus of a row that is no longer there.
    this.frame.tabIndex = -1;
    this.table = made(this.frame, "table");
    this.table.setAttribute("aria-label", model.get("label"));
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("aria-multiselectable", String(this.several));
    this.drawActions();
    this.draw();
    this.resized = new ResizeObserver(() => this.measure());
    this.resized.observe(this.frame);
  }

  get several() {
    return this.model.get("selection") === "several";
  }

  get selectable() {
    return this.model.get("selection") !== "none";
  }

  get bare() {
    return this.model.get("bare");
  }

  draw() {
    const focused = this.frame.contains(document.activeElement);
    if (focused) this.frame.focus({ preventScroll: true });
    const { offset, selected, around, rows, sorted } = (this.content = this.model.get("content"));
    const top = offset === this.offset ? this.frame.scrollTop : 0;
    const arrived = around !== this.around && around !== null;
    [this.offset, this.around] = [offset, around];
    this.selected = new Set(selected);
    this.marked = new Set();
    this.anchor = selected[0] ?? 0;
    this.opened = new Map();
    this.say("");
    if (sorted) this.sorted = sorted;
    this.table.replaceChildren();
    if (!this.bare) this.drawHead();
    this.body = made(this.table, "tbody");
    this.looks = new Map(this.content.looks?.map(([row, column, note]) => [`${row} ${column}`, note]));
    this.nodes = rows.map((texts, number) => this.row(texts, number));
    this.numbers = new Map(this.nodes.map((node, number) => [node, number]));
    this.arrange();
    this.mark();
    if (!rows.length) this.drawEmpty();
    this.above.draw(this.content, this.sorted);
    this.measure();
    this.frame.scrollTop = top;
    const first = this.order.find((number) => this.selected.has(number));
    if (focused && first !== undefined) this.nodes[first].focus({ preventScroll: true });
    if (arrived || first !== undefined) this.reveal(this.nodes[first ?? around]);
  }

  // Whether rows have a mark: a severity that no column shows, or the place around which they were read.
  get marks() {
    const { columns, severities, around } = this.content;
    const told = columns.some(({ name }) => name === "uri_sev");
    return around != null || (!told && severities?.some((severity) => severity));
  }

  drawHead() {
    const row = made(made(this.table, "thead"), "tr");
    if (this.several) {
      this.all = made(made(row, "th"), "input");
      this.all.type = "checkbox";
      this.all.title = "Select all that are listed";
      this.all.addEventListener("change", () => {
        const all = this.all.checked;
        this.later(() => this.select(all ? this.nodes.keys() : []));
      });
    }
    if (this.marks) made(row, "th", "mark").ariaLabel = "mark";
    this.heads = this.content.columns.map(({ name, heading, kind }) => {
      const head = made(row, "th", kind);
      button(head, "", heading, `Sort by ${heading}`, () => this.sort(name));
      return head;
    });
  }

  drawActions() {
    const bars = made(this.el, "div", "bars");
    let bar, before;
    this.buttons = this.model.get("buttons");
    this.lineOf = this.buttons.map(({ line, text, title, style, key }, number) => {
      if (line !== before) made((bar = made(bars, "div", "actions")), "span", "", line);
      before = line;
      const named = key ? `${title} (key ${key})` : title;
      const className = `jupyter-widgets jupyter-button widget-button mod-${style}`;
      const node = button(bar, className, text, named, ({ detail }) => {
        // The second click of a double click confirms nothing, and scores no row that follows.
        if (detail < 2) this.later(() => this.act(number));
      });
      if (key) node.setAttribute("aria-keyshortcuts", key);
      return bar;
    });
    this.lines = new Set(this.lineOf);
    for (const line of this.lines) made(line, "output", "");
  }

  drawEmpty() {
    const cell = made(made(this.body, "tr", "empty"), "td", "", this.model.get("empty"));
    cell.colSpan = this.width;
  }

  get width() {
    return this.content.columns.length + this.several + Boolean(this.marks);
  }

  columnOf(cell) {
    return this.content.columns[cell.cellIndex - this.width + this.content.columns.length];
  }

  row(texts, number) {
    const { columns, severities, around, keys } = this.content;
    const row = document.createElement("tr");
    if (!this.bare) row.tabIndex = -1;
    if (this.selectable) row.setAttribute("aria-selected", "false");
    if (this.several) {
      const box = made(made(row, "td"), "input");
      box.type = "checkbox";
      box.tabIndex = -1;
      box.ariaLabel = `Select row ${number + 1}`;
    }
    const severity = severities?.[number];
    if (severity) row.dataset.severity = severity;
    if (number === around) row.ariaCurrent = "true";
    if (this.marks) {
      made(row, "td", "mark", [number === around && "here", severity].filter(Boolean).join(", "));
    }
    texts.forEach((text, at) => {
      const { kind, name, heading, pivot } = columns[at];
      const cell = made(row, "td", `${kind} ${name}`);
      cell.title = text;
      const note = this.looks.get(`${number} ${at}`);
      if (note) {
        const mark = made(cell, "span", "looks");
        mark.setAttribute("role", "img");
        mark.ariaLabel = note;
        cell.title = `${text}\n${note}`;
      }
      if (!text || !keys?.[pivot?.[0]]) cell.append(text);
      else {
        const open = button(cell, "pivot", text, `${cell.title}\nOpen this ${heading} (key ${pivot[0]})`);
        open.tabIndex = -1;
        open.dataset.pivot = pivot;
      }
    });
    return row;
  }

  // Rows that rank alike keep the order that they came in.
  arrange() {
    const { ranks, columns, sorted } = this.content;
    const { column, descending } = this.sorted;
    const at = columns.findIndex(({ name }) => name === column);
    this.order = [...this.nodes.keys()];
    if (at >= 0 && !sorted) {
      const way = descending ? -1 : 1;
      this.order.sort((one, other) => way * (ranks[at][one] - ranks[at][other]) || one - other);
    }
    const shown = this.order.flatMap((number) => [this.nodes[number], this.opened.get(number) ?? []].flat());
    this.body.replaceChildren(...shown);
    this.heads?.forEach((head, place) => {
      head.setAttribute("aria-sort", place !== at ? "none" : descending ? "descending" : "ascending");
    });
  }

  // A cut value gets a button that opens it; first all are measured, so that the page is laid out once.
  measure() {
    const cells = [...this.body.querySelectorAll("td:not(.wrapped, .mark, :has(input), [colspan])")];
    const cut = cells.map((cell) => cell.scrollWidth > cell.clientWidth || cell.title.length > CELL);
    cells.forEach((cell, at) => {
      const more = cell.querySelector(".more");
      if (!cut[at]) more?.remove();
      else if (!more) {
        button(cell, "more", "", "Show the whole value (→ shows all of the row)").tabIndex = -1;
      }
    });
  }

  // Insert a row's whole texts below it.
  drawOpened(number, texts) {
    const row = made(this.body, "tr", "opened");
    row.dataset.names = texts.map(([name]) => name).join();
    const cell = made(row, "td");
    cell.colSpan = this.width;
    for (const [name, heading, text] of texts) {
      const part = made(cell, "div");
      made(part, "span", "heading", heading);
      made(part, "span", "value", text);
      const at = this.content.columns.findIndex((column) => column.name === name);
      const note = this.looks.get(`${number} ${at}`);
      if (note) made(part, "span", "note", note);
    }
    this.opened.set(number, row);
    this.nodes[number].after(row);
  }

  mark() {
    for (const number of new Set([...this.marked, ...this.selected])) {
      const is = this.selected.has(number);
      if (this.selectable) this.nodes[number].setAttribute("aria-selected", String(is));
      if (this.several) this.nodes[number].querySelector("input").checked = is;
    }
    this.marked = this.selected;
    if (this.several && this.all) {
      this.all.checked = this.selected.size > 0 && this.selected.size === this.nodes.length;
      this.all.indeterminate = this.selected.size > 0 && !this.all.checked;
    }
    // Tab reaches one row; the arrow keys go on from there.
    const reached = this.order.find((number) => this.selected.has(number)) ?? this.order[0];
    if (this.bare || reached === undefined) return;
    if (this.reached) this.reached.tabIndex = -1;
    this.reached = this.nodes[reached];
    this.reached.tabIndex = 0;
  }

  // Scroll the table, but not the page, to a row.
  reveal(row) {
    const { frame } = this;
    const top = row.offsetTop - (this.table.tHead?.offsetHeight ?? 0);
    const bottom = row.offsetTop + row.offsetHeight - frame.clientHeight;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (bottom > frame.scrollTop) frame.scrollTop = bottom;
  }

  say(text, action) {
    for (const line of this.lines) line.lastChild.textContent = line === this.lineOf[action] ? text : "";
  }
}
