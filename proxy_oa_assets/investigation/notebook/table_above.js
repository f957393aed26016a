// What stands above a table's rows: which ones of how many they are, the other pages, the choice of columns.

function made(parent, tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return parent.appendChild(node);
}

function button(parent, className, text, title, click) {
  const node = made(parent, "button", className, text);
  node.type = "button";
  node.title = title;
  if (click) node.addEventListener("click", click);
  return node;
}

class Above {
  constructor(model, el, turn) {
    this.model = model;
    this.el = made(el, "div", "above");
    this.place = made(this.el, "span", "place");
    this.place.setAttribute("role", "status");
    const page = (text, title) =>
      button(this.el, "page", text, title, ({ currentTarget: { ariaDisabled, value } }) => {
        if (ariaDisabled === "false") turn(Number(value));
      });
    this.before = page("‹ Previous", "Show the rows before these");
    this.next = page("Next ›", "Show the rows after these");
    this.choices = made(this.el, "details", "choices");
    made(this.choices, "summary", "", "Columns").title = "Choose the columns";
    this.choices.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !this.choices.contains(relatedTarget)) this.choices.open = false;
    });
    this.boxes = made(this.choices, "div");
    this.boxes.setAttribute("role", "group");
    this.boxes.ariaLabel = "Columns";
  }

  draw({ total = 0, offset = 0, page, paged, rows, columns, choices = [], choosable, sorted }, { column }) {
    const last = offset + rows.length;
    const part = total > rows.length;
    const [from, to, all] = [offset + 1, last, total].map((number) => number.toLocaleString("en"));
    const by = columns.find(({ name }) => name === column);
    const note = by && !sorted ? `, these sorted by ${by.heading}` : "";
    this.place.textContent = part ? `${rows.length ? `rows ${from}-${to}` : "no rows"} of ${all}${note}` : "";
    for (const [node, is, value] of [
      [this.before, offset > 0, Math.max(0, offset - page)],
      [this.next, last < total, last],
    ]) {
      node.hidden = !paged || !part;
      // A disabled button would lose the focus.
      node.ariaDisabled = String(!is);
      node.value = value;
    }
    this.choices.hidden = !choosable;
    this.el.hidden = !part && !choosable;
    this.drawChoices(choices, new Set(columns.map(({ name }) => name)));
  }

  // The menu stays open while columns are chosen.
  drawChoices(choices, shown) {
    const names = choices.map(([name]) => name).join(" ");
    if (names !== this.names) {
      this.names = names;
      this.boxes.replaceChildren();
      for (const [name, heading] of choices) {
        const label = made(this.boxes, "label");
        const box = made(label, "input");
        box.type = "checkbox";
        box.value = name;
        box.addEventListener("change", () => this.choose(box));
        made(label, "span", "", heading);
      }
    }
    for (const box of this.boxes.querySelectorAll("input")) box.checked = shown.has(box.value);
  }

  choose(box) {
    const checked = [...this.boxes.querySelectorAll("input:checked")].map(({ value }) => value);
    if (!checked.length) box.checked = true;
    else {
      this.model.set("shown_columns", checked);
      this.model.save_changes();
    }
  }

  // Return whether a key was pressed in the menu; Escape closes it.
  pressed({ key, target }) {
    const inside = this.choices.contains(target);
    if (inside && key === "Escape") {
      this.choices.open = false;
      this.choices.firstChild.focus();
    }
    return inside;
  }
}
