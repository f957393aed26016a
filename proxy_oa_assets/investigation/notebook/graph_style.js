// What the parts of the graph of hosts share: colours, texts, and how nodes and links are drawn.

const COLOURS = ["#7d8fa6", "#4d7c5a", "#c79a00", "#b45309", "#d01c2c"];
const MEANINGS = ["not listed", "low", "listed, not scored", "medium", "high"];
const INK = "#222";
// Pixels around the hosts.
const MARGIN = 40;

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
