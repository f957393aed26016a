// A table whose every value is set by textContent or title: nothing in the data is markup, nothing is a link.
//
// `content` holds columns, rows of texts, for each column its rows' places when it is sorted, and the numbers
// of the rows that are selected at first. A selection is sent as a message, and once more with the click of an
// action: a busy kernel takes messages in another order than they were sent. Each has its number in this view,
// and the version of the content, because the kernel may have sent another one since.

function made(parent, tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return parent.appendChild(node);
}

class Table {
  constructor(model, el) {
    this.model = model;
    this.sorted = { column: -1, descending: false };
    el.classList.add("text-table");
    // JupyterLab's own keys (D, D deletes a cell) don't work while the table has the focus.
    el.dataset.lmSuppressShortcuts = "true";
    this.frame = made(el, "div", "text-table-frame");
    this.frame.style.maxHeight = model.get("height");
    this.table = made(this.frame, "table");
    this.table.setAttribute("aria-label", model.get("label"));
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("aria-multiselectable", String(this.several));
    this.table.addEventListener("keydown", (event) => this.pressed(event));
    this.view = String(Math.random());
    this.sent = 0;
    this.drawActions(el);
    this.draw();
  }

  get several() {
    return this.model.get("selection") === "several";
  }

  get selectable() {
    return this.model.get("selection") !== "none";
  }

  draw() {
    const top = this.frame.scrollTop;
    const { columns, rows, selected } = this.model.get("content");
    this.selected = new Set(selected);
    this.anchor = selected[0] ?? 0;
    if (this.sorted.column >= columns.length) this.sorted.column = -1;
    this.table.replaceChildren();
    if (!this.model.get("bare")) this.drawHead(columns);
    this.body = made(this.table, "tbody");
    this.nodes = rows.map((texts, number) => this.row(columns, texts, number));
    this.arrange();
    this.mark();
    if (!rows.length) this.drawEmpty(columns);
    this.frame.scrollTop = top;
  }

  drawHead(columns) {
    const row = made(made(this.table, "thead"), "tr");
    if (this.several) {
      this.all = made(made(row, "th"), "input");
      this.all.type = "checkbox";
      this.all.title = "Select all that are listed";
      this.all.addEventListener("change", () => this.select(this.all.checked ? this.nodes.keys() : []));
    }
    this.heads = columns.map((column, number) => {
      const head = made(row, "th", column.kind);
      const button = made(head, "button", "", column.heading);
      button.title = `Sort by ${column.heading}`;
      button.addEventListener("click", () => this.sort(number));
      return head;
    });
  }

  drawActions(el) {
    let bar, before;
    this.model.get("buttons").forEach(({ line, text, title, style }, number) => {
      if (line !== before) made((bar = made(el, "div", "actions")), "span", "", line);
      before = line;
      const button = made(bar, "button", `jupyter-widgets jupyter-button widget-button mod-${style}`, text);
      button.title = title;
      button.addEventListener("click", () => this.send(number));
    });
  }

  drawEmpty(columns) {
    const cell = made(made(this.body, "tr", "empty"), "td", "", this.model.get("empty"));
    cell.colSpan = columns.length + 1;
  }

  row(columns, texts, number) {
    const row = document.createElement("tr");
    if (this.selectable) {
      row.tabIndex = -1;
      row.addEventListener("click", (event) => this.clicked(event, number));
    }
    if (this.several) {
      const box = made(made(row, "td"), "input");
      box.type = "checkbox";
      box.tabIndex = -1;
      box.ariaLabel = `Select row ${number + 1}`;
    }
    texts.forEach((text, at) => {
      made(row, "td", `${columns[at].kind} ${columns[at].name}`, text).title = text;
    });
    return row;
  }

  // Rows that rank alike keep the order that they came in.
  arrange() {
    const { ranks } = this.model.get("content");
    const { column, descending } = this.sorted;
    this.order = [...this.nodes.keys()];
    if (column >= 0) {
      const way = descending ? -1 : 1;
      this.order.sort((one, other) => way * (ranks[column][one] - ranks[column][other]) || one - other);
    }
    this.body.replaceChildren(...this.order.map((number) => this.nodes[number]));
    this.heads?.forEach((head, at) => {
      const way = descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", at === column ? way : "none");
    });
  }

  // Upwards, downwards, as they came.
  sort(column) {
    const { column: before, descending } = this.sorted;
    if (column !== before) this.sorted = { column, descending: false };
    else this.sorted = descending ? { column: -1, descending: false } : { column, descending: true };
    this.arrange();
  }

  clicked(event, number) {
    if (this.several && event.shiftKey) this.select(this.between(this.anchor, number));
    else if (this.several && (event.ctrlKey || event.metaKey || event.target.type === "checkbox"))
      this.toggle(number);
    else this.select([number], number);
    this.nodes[number].focus({ preventScroll: true });
  }

  pressed(event) {
    const number = this.nodes.indexOf(document.activeElement);
    if (number < 0) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = this.order[this.order.indexOf(number) + step];
    if (next !== undefined) {
      this.nodes[next].focus();
      if (this.several && event.shiftKey) this.select(this.between(this.anchor, next));
      else this.select([next], next);
    } else if (event.key === " " && this.several) this.toggle(number);
    else if (step === undefined) return;
    event.preventDefault();
  }

  between(one, other) {
    const [first, last] = [one, other].map((number) => this.order.indexOf(number)).sort((a, b) => a - b);
    return this.order.slice(first, last + 1);
  }

  toggle(number) {
    const selected = new Set(this.selected);
    if (!selected.delete(number)) selected.add(number);
    this.select(selected, number);
  }

  select(numbers, anchor = this.anchor) {
    this.anchor = anchor;
    this.selected = new Set(numbers);
    this.send(null);
    this.mark();
  }

  send(action) {
    const { version } = this.model.get("content");
    const selected = [...this.selected].sort((one, other) => one - other);
    this.sent += 1;
    this.model.send({ version, selected, action, view: this.view, number: this.sent });
  }

  mark() {
    const { selected } = this;
    this.nodes.forEach((row, number) => {
      const is = selected.has(number);
      if (this.selectable) row.setAttribute("aria-selected", String(is));
      if (this.several) row.querySelector("input").checked = is;
    });
    if (this.several) {
      this.all.checked = selected.size > 0 && selected.size === this.nodes.length;
      this.all.indeterminate = selected.size > 0 && !this.all.checked;
    }
    // Tab reaches one row; the arrow keys go on from there.
    const reached = this.selectable && (this.order.find((number) => selected.has(number)) ?? this.order[0]);
    this.nodes.forEach((row, number) => {
      if (this.selectable) row.tabIndex = number === reached ? 0 : -1;
    });
  }
}

function render({ model, el }) {
  const table = new Table(model, el);
  const draw = () => table.draw();
  model.on("change:content", draw);
  return () => model.off("change:content", draw);
}

export default { render };
