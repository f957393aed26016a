// The fields of a threat's comment. What is written is sent as messages, and once more with Save, which is then
// about all that was typed, whichever message a busy kernel takes first.
// `content` is what the fields show at first; its version tells which threat a message is about.

function labelled(parent, text, kind, more) {
  const label = parent.appendChild(document.createElement("label"));
  label.append(text);
  return label.appendChild(Object.assign(document.createElement(kind), more));
}

function render({ model, el }) {
  el.classList.add("comment-form");
  // JupyterLab's own keys (D, D deletes a cell) don't work in the fields.
  el.dataset.lmSuppressShortcuts = "true";
  const longest = model.get("longest");
  const title = labelled(el, "Title", "input", {
    placeholder: `What it is, in a line of up to ${longest.title.toLocaleString("en")} characters`,
  });
  const written = {
    rows: 6,
    placeholder: `What happened, who is concerned, what to do; up to ${longest.text.toLocaleString("en")} characters`,
  };
  const text = labelled(el, "Text", "textarea", written);
  const most = { type: "number", min: 1, max: 1000, required: true };
  const clients = labelled(el, "Clients in the timeline", "input", most);
  const save = el.appendChild(document.createElement("button"));
  save.textContent = `Save ${model.get("what")}`;
  save.className = "jupyter-widgets jupyter-button widget-button mod-primary";

  function send(saved) {
    if (!clients.reportValidity()) return;
    const { version } = model.get("content");
    model.send({ version, title: title.value, text: text.value, clients: clients.valueAsNumber, saved });
  }
  function show() {
    const content = model.get("content");
    title.value = content.title;
    text.value = content.text;
    clients.value = content.clients;
  }
  for (const field of [title, text, clients]) field.addEventListener("change", () => send(false));
  save.addEventListener("click", () => send(true));
  model.on("change:content", show);
  show();
  return () => model.off("change:content", show);
}

export default { render };
