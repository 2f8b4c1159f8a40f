// Two plots: what is pending since the page was opened, and what was delivered in each minute of the last day.
import { age, byId, number, show } from "./view.js";

/** At 2 s a point: an hour. */
const MAX_POINTS = 1800;

const backlog = [[], []];
let throughput = [[], []];
const plots = {};

function colour(name) {
  const probe = byId("main").appendChild(document.createElement("span"));
  probe.className = name;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function plot(id, data, label, bars) {
  const element = byId(id);
  if (!window.uPlot || element.clientWidth === 0) return;
  if (plots[id]) {
    plots[id].setData(data);
    return;
  }
  const clock = (u, ticks) => ticks.map((t) => new Date(t * 1000).toISOString().slice(11, bars ? 16 : 19));
  const line = { stroke: colour("line-colour"), width: 1 };
  const axis = { stroke: colour("soft-colour"), grid: line, ticks: line };
  plots[id] = new uPlot({
    width: element.clientWidth, height: 190, legend: { show: false }, cursor: { drag: { x: false, y: false } },
    tzDate: (t) => uPlot.tzDate(new Date(t * 1000), "Etc/UTC"),
    scales: { y: { range: (u, min, max) => [0, Math.max(5, Math.ceil((max || 0) * 1.15))] } },
    axes: [{ ...axis, space: 70, values: clock },
      { ...axis, size: 58, values: (u, ticks) => ticks.map((t) => (Number.isInteger(t) ? number(t) : "")) }],
    series: [{}, { label, stroke: colour("accent-colour"), fill: colour("fill-colour"), width: 2, points: { show: false },
      paths: bars ? uPlot.paths.bars({ size: [0.9, 60], align: 1 }) : uPlot.paths.stepped({ align: 1 }) }],
  }, data, element);
}

/** Draws both plots again, in the present theme and width. */
export function redraw() {
  for (const id of Object.keys(plots)) {
    plots[id].destroy();
    delete plots[id];
  }
  drawBacklog();
  drawThroughput();
}

function drawBacklog() {
  const [times, pending] = backlog;
  plot("backlog-plot", backlog, "pending", false);
  if (times.length > 0) {
    show("backlog-words", "Now " + number(pending.at(-1)) + "; at most " + number(Math.max(...pending)) + "; watched for "
      + age((times.at(-1) - times[0]) * 1000) + ".");
  }
}

function drawThroughput() {
  const [times, delivered] = throughput;
  // The last bar gets an end; a minute without deliveries gets no bar.
  const end = times.length === 0 ? [] : [times.at(-1) + 60];
  plot("throughput-plot", [[...times, ...end], [...delivered.map((d) => d || null), ...end.map(() => null)]], "delivered", true);
  show("throughput-words", delivered.length === 0 ? "Nothing was delivered in the last day." : "In the last day "
    + number(delivered.reduce((a, b) => a + b, 0)) + "; at most " + number(Math.max(...delivered)) + " in a minute.");
}

export function addBacklog(now, pending) {
  backlog[0].push(Date.parse(now) / 1000);
  backlog[1].push(pending);
  if (backlog[0].length > MAX_POINTS) backlog.forEach((values) => values.shift());
  drawBacklog();
}

/** A minute without a row is a minute in which nothing was delivered. */
export function showThroughput(rows) {
  throughput = [[], []];
  if (rows.length > 0) {
    const byMinute = new Map(rows.map((r) => [Date.parse(r.minute_at) / 60000, r.delivered]));
    const last = Math.floor(Date.now() / 60000);
    for (let minute = Math.max(Math.min(...byMinute.keys(), last - 15), last - 1440); minute <= last; minute++) {
      throughput[0].push(minute * 60);
      throughput[1].push(byMinute.get(minute) || 0);
    }
  }
  drawThroughput();
}
