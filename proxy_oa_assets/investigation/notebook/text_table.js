// What a table does. A selection is sent as a message, and once more with the click of an action: a busy kernel
// takes messages in another order than they were sent. Each has its number in this view, and the version of the
// content, because the kernel may have sent another one since.
//
// From an action to its answer, which follows the new content, keys and clicks are held: then they are about
// the rows that are shown as selected by then. If the action changed nothing, only those behind a click on a row
// are done: the others were meant for the row that would have followed.

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

class Table extends Drawing {
  constructor(model, el) {
    super(model, el);
    this.view = String(Math.random());
    this.sent = 0;
    this.held = [];
    el.addEventListener("keydown", (event) => this.pressed(event));
    this.table.addEventListener("click", (event) => this.clicked(event));
  }

  // Upwards, downwards, as they came.
  sort(column) {
    const { column: before, descending } = this.sorted;
    const next = column === before && descending ? null : column;
    const wanted = { column: next, descending: next !== null && column === before };
    if (this.content.sorted) this.call("sort", wanted);
    else {
      this.sorted = wanted;
      this.arrange();
      this.above.draw(this.content, this.sorted);
    }
  }

  clicked({ target, shiftKey, ctrlKey, metaKey }) {
    const number = this.numbers.get(target.closest("tr"));
    if (number === undefined) return;
    const { pivot } = target.dataset;
    const opened = target.className === "more" && this.columnOf(target.parentNode).name;
    const toggled = target.type === "checkbox" || ctrlKey || metaKey;
    const { content } = this;
    const texts = content.rows[number].join("\n");
    this.later(() => {
      // While the click was held, other rows can have come.
      const place = this.content.rows.findIndex((row) => row.join("\n") === texts);
      const now = content === this.content ? number : place;
      if (now < 0) return;
      this.nodes[now].focus({ preventScroll: true });
      if (pivot) this.call("pivot", { kind: pivot, row: now });
      else if (opened) this.open(now, [opened]);
      else if (this.selectable) this.pick(now, shiftKey, toggled);
    }, true);
  }

  pick(number, shiftKey, toggled) {
    if (this.several && shiftKey) this.select(this.between(this.anchor, number));
    else if (this.several && toggled) this.toggle(number);
    else this.select([number], number);
  }

  pressed(event) {
    const { key, shiftKey, repeat, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.above.pressed(event)) return;
    const action = this.buttons.findIndex((each) => each.key === key);
    const native = target.tagName === "BUTTON" && (key === "Enter" || key === " ");
    const known = key in STEPS || ["Enter", " ", "ArrowRight", "ArrowLeft", "Escape"].includes(key);
    if (native || !(action >= 0 || known || this.content.keys?.[key])) return;
    event.preventDefault();
    // A key that is kept down scores no rows that follow.
    if (action >= 0) repeat || this.later(() => this.act(action));
    else this.later(() => this.move(key, shiftKey));
  }

  // The row with the focus, or else the only selected one.
  get current() {
    const focused = this.numbers.get(document.activeElement?.closest("tr"));
    return focused ?? (this.selected.size === 1 ? [...this.selected][0] : undefined);
  }

  move(key, shiftKey) {
    const number = this.current;
    const kinds = this.content.keys ?? {};
    const kind = key === "Enter" ? Object.values(kinds)[0] : kinds[key];
    if (key in STEPS) {
      const place = number === undefined ? -1 : this.order.indexOf(number);
      const next = this.order[Math.min(Math.max(place + STEPS[key], 0), this.order.length - 1)];
      if (next === undefined || this.bare) return;
      this.nodes[next].focus();
      if (this.several && shiftKey) this.select(this.between(this.anchor, next));
      else if (this.selectable) this.select([next], next);
    } else if (number === undefined) return;
    else if (key === " ") this.several && this.toggle(number);
    else if (key === "ArrowRight") {
      const cut = [...this.nodes[number].querySelectorAll("td:has(.more, .looks)")];
      const names = cut.map((cell) => this.columnOf(cell).name);
      if (!this.opened.has(number) && names.length) this.open(number, names);
    } else if (key === "ArrowLeft" || key === "Escape") this.close(number);
    else if (kind) this.call("pivot", { kind, row: number });
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
    this.say("");
    this.send({ selected: this.picked, action: null });
    this.mark();
  }

  get picked() {
    return [...this.selected].sort((one, other) => one - other);
  }

  // Do an action now or, while another one has no answer, after that.
  later(run, explicit = false) {
    if (this.waiting) this.held.push({ run, explicit });
    else run();
  }

  act(action) {
    const { current, question } = this;
    if (this.selectable && !this.selected.size && current !== undefined) this.select([current], current);
    const selected = this.picked;
    const meant = question?.action === action && question.selected === selected.join();
    this.send({ action, selected, then: this.following(), confirmed: meant ? question.text : null });
    this.waiting = { number: this.sent, version: this.content.version, selected: selected.join() };
    this.el.ariaBusy = "true";
  }

  // The rows to select after an action, the best first: those below in the shown order, these, those above.
  following() {
    const places = this.picked.map((number) => this.order.indexOf(number)).sort((one, other) => one - other);
    const last = places.at(-1) ?? -1;
    const above = this.order.slice(0, Math.max(last, 0)).filter((number) => !this.selected.has(number));
    const these = places.map((place) => this.order[place]);
    return [...this.order.slice(last + 1), ...these.reverse(), ...above.reverse()];
  }

  answered() {
    const { view, number, action, acted, asked, text } = this.model.get("answer");
    if (view !== this.view || number !== this.waiting?.number) return;
    const { version, selected } = this.waiting;
    this.waiting = null;
    this.el.ariaBusy = "false";
    this.say(text, action);
    if (asked) this.question = { action, selected, text };
    const moved = acted && version !== this.content.version;
    const from = moved ? 0 : this.held.findLastIndex(({ explicit }) => explicit);
    const held = from < 0 ? [] : this.held.slice(from);
    this.held = [];
    for (const { run, explicit } of held) this.later(run, explicit);
  }

  say(text, action) {
    this.question = null;
    super.say(text, action);
  }

  // A cut value opens below its row and, clicked again, closes.
  open(number, names) {
    const open = this.opened.get(number)?.dataset.names === names.join();
    this.close(number);
    if (!open) this.call("open", { row: number, columns: names });
  }

  close(number) {
    this.opened.get(number)?.remove();
    this.opened.delete(number);
  }

  received({ view, version, row, texts }) {
    if (view !== this.view || version !== this.content.version) return;
    this.close(row);
    this.drawOpened(row, texts);
  }

  call(call, what) {
    this.later(() => this.send({ call, ...what }));
  }

  send(message) {
    this.sent += 1;
    this.model.send({ ...message, version: this.content.version, view: this.view, number: this.sent });
  }
}

function render({ model, el }) {
  const table = new Table(model, el);
  const handlers = {
    "change:content": () => table.draw(),
    "change:answer": () => table.answered(),
    "msg:custom": (message) => table.received(message),
  };
  for (const [name, handler] of Object.entries(handlers)) model.on(name, handler);
  return () => {
    table.resized.disconnect();
    for (const [name, handler] of Object.entries(handlers)) model.off(name, handler);
  };
}

export default { render };
