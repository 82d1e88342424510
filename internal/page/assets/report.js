"use strict";
// The report: reads the data of the page and has it drawn.
document.addEventListener("DOMContentLoaded", function () {
  const source = document.getElementById("data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const f = window.tailer.format;
  const plots = window.tailer.plots;
  const measure = data.priced
    ? { name: "Cost", field: "c", full: f.money, tick: f.money }
    : { name: "Tokens", field: "k", full: f.count, tick: f.compact };
  document.querySelectorAll("[data-measure]").forEach(function (node) { node.textContent = measure.name; });

  // top are the rows with the largest value, and a note with their other name.
  const top = function (key, field, limit, label) {
    return data.by[key].rows.filter(function (row) { return row[field] > 0; })
      .sort(function (a, b) { return b[field] - a[field]; }).slice(0, limit)
      .map(function (row) { return Object.assign({ label: label ? label(row) : row.n, note: row.d }, row); });
  };
  const one = function (field, name, tint) {
    return [{ label: name, color: tint, value: function (row) { return row[field]; } }];
  };
  const money = { full: measure.full, tick: measure.tick };
  const count = { full: function (n) { return f.count(n) + " requests"; }, tick: f.compact };
  const time = { full: f.seconds, tick: f.seconds };
  const none = measure.name === "Cost" ? "No cost was stated." : "No tokens were stated.";

  plots.time("plot-time", data.series);
  plots.week("plot-week", data.week);
  plots.bars("plot-user", top("user", measure.field, 10), one(measure.field, measure.name, "accent"), money, none);
  plots.bars("plot-department", top("department", measure.field, 10), one(measure.field, measure.name, "accent"), money, none);
  plots.bars("plot-model", top("model", measure.field, 10), one(measure.field, measure.name, "accent"), money, none);
  plots.bars("plot-latency", top("model", "r", 10).filter(function (row) { return row.p50 !== null; }), [
    { label: "median", color: "second", value: function (row) { return row.p50; } },
    { label: "95th percentile", color: "third", value: function (row) { return row.p95; } },
  ], time, "No request was answered.");
  plots.bars("plot-chat", top("chat", "r", 10, function (row) { return row.d || row.n; }).map(function (row) {
    return Object.assign(row, { note: row.n });
  }), one("r", "requests", "second"), count, "No chat was named.");
  plots.bars("plot-error", top("error", "r", 10), one("r", "requests", "bad"), count, "None. Every request was answered.");
  window.tailer.tables(data);
  document.documentElement.dataset.drawn = "yes";
});
