"use strict";
// Plots. What they show are texts on a canvas: a name from a log is never markup.
(function () {
  const color = window.tailer.color;
  const nobr = "\u202f";

  const count = function (n) {
    return Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, nobr);
  };
  const compact = function (n) {
    if (n >= 1e9) return (n / 1e9).toFixed(1) + nobr + "G";
    if (n >= 1e6) return (n / 1e6).toFixed(1) + nobr + "M";
    if (n >= 1e4) return Math.round(n / 1e3) + nobr + "k";
    return count(n);
  };
  const money = function (v) {
    if (v < 1e-12) return "$0";
    if (v < 0.01) return "$" + v.toFixed(Math.min(2 - Math.floor(Math.log10(v)), 15)).replace(/0+$/, "");
    if (v < 1) return "$" + v.toFixed(4);
    const parts = v.toFixed(2).split(".");
    return "$" + count(Number(parts[0])) + "." + parts[1];
  };
  const seconds = function (v) {
    if (v < 1) return Math.round(v * 1000) + nobr + "ms";
    if (v < 10) return v.toFixed(2) + nobr + "s";
    if (v < 120) return v.toFixed(1) + nobr + "s";
    return (v / 60).toFixed(1) + nobr + "min";
  };
  const clip = function (text, limit) {
    const letters = Array.from(text);
    return letters.length <= limit ? text : letters.slice(0, limit - 1).join("") + "…";
  };
  window.tailer.format = { count: count, compact: compact, money: money, seconds: seconds };

  const charts = [];

  // draw makes a chart whose colours follow the theme.
  const draw = function (id, build) {
    const canvas = document.getElementById(id);
    if (!canvas) return;
    let chart;
    const make = function () {
      if (chart) chart.destroy();
      Chart.defaults.color = color("muted");
      Chart.defaults.borderColor = color("line");
      Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
      chart = new Chart(canvas, build());
      charts.push(chart);
    };
    make();
    window.tailer.onTheme(make);
  };

  // nothing says in place of a plot why there is none.
  const nothing = function (id, words) {
    const canvas = document.getElementById(id);
    if (!canvas) return;
    const note = document.createElement("p");
    note.className = "nothing";
    note.textContent = words;
    canvas.parentElement.replaceChildren(note);
  };

  const tooltip = function (label) {
    return {
      backgroundColor: color("ink"), titleColor: color("paper"), bodyColor: color("paper"),
      cornerRadius: 6, padding: 10, boxPadding: 4, callbacks: label,
    };
  };

  const tall = function (id, bars) {
    document.getElementById(id).parentElement.style.height = Math.max(120, 30 * bars + 44) + "px";
  };

  // bars draws one bar for each row, its name to the left.
  const bars = function (id, rows, series, format, empty) {
    if (rows.length === 0) {
      nothing(id, empty);
      return;
    }
    tall(id, rows.length * (series.length > 1 ? 1.35 : 1));
    draw(id, function () {
      const narrow = document.getElementById(id).parentElement.clientWidth < 420;
      return {
        type: "bar",
        data: {
          labels: rows.map(function (row) { return row.label; }),
          datasets: series.map(function (s) {
            return {
              label: s.label, data: rows.map(s.value), backgroundColor: color(s.color), borderRadius: 3,
              maxBarThickness: 18, categoryPercentage: 0.8, barPercentage: 0.9, minBarLength: 2,
            };
          }),
        },
        options: {
          indexAxis: "y", maintainAspectRatio: false, animation: false, responsive: true,
          interaction: { mode: "nearest", axis: "y", intersect: false },
          scales: {
            x: { beginAtZero: true, border: { display: false }, ticks: { maxTicksLimit: narrow ? 4 : 6, callback: format.tick } },
            y: { grid: { display: false }, border: { display: false }, ticks: { color: color("ink"), autoSkip: false, callback: function (value) { return clip(this.getLabelForValue(value), narrow ? 18 : 30); } } },
          },
          plugins: {
            legend: { display: series.length > 1, position: "bottom", labels: { boxWidth: 10, boxHeight: 10 } },
            tooltip: tooltip({
              title: function (items) { return items.map(function (i) { return clip(i.label, 80); }); },
              label: function (item) { return " " + (series.length > 1 ? item.dataset.label + " " : "") + format.full(item.raw); },
              afterBody: function (items) { return items.length && rows[items[0].dataIndex].note ? [clip(rows[items[0].dataIndex].note, 90)] : []; },
            }),
          },
        },
      };
    });
  };

  const time = function (id, series) {
    draw(id, function () {
      return {
        type: "bar",
        data: {
          labels: series.points.map(function (p) { return p.at; }),
          datasets: [
            { label: "answered", data: series.points.map(function (p) { return p.r - p.e; }), backgroundColor: color("accent"), borderRadius: 2, maxBarThickness: 48 },
            { label: "failed", data: series.points.map(function (p) { return p.e; }), backgroundColor: color("bad"), borderRadius: 2, maxBarThickness: 48 },
          ],
        },
        options: {
          maintainAspectRatio: false, animation: false, interaction: { mode: "index", intersect: false },
          scales: {
            x: { stacked: true, grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 16 } },
            y: { stacked: true, beginAtZero: true, border: { display: false }, ticks: { precision: 0, maxTicksLimit: 6, callback: compact } },
          },
          plugins: {
            legend: { position: "bottom", labels: { boxWidth: 10, boxHeight: 10 } },
            tooltip: tooltip({
              label: function (item) { return " " + item.dataset.label + " " + count(item.raw); },
              afterBody: function (items) { const c = series.points[items[0].dataIndex].c; return c > 0 ? [money(c)] : []; },
            }),
          },
        },
      };
    });
  };

  const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

  // mix lays the accent over the card, more of it for a larger share.
  const mix = function (share) {
    if (share === 0) return color("hollow");
    const parts = function (hex) { return [1, 3, 5].map(function (i) { return parseInt(hex.slice(i, i + 2), 16); }); };
    const over = parts(color("accent"));
    const part = 0.15 + 0.85 * share;
    return "rgb(" + parts(color("card")).map(function (under, i) { return Math.round(under + (over[i] - under) * part); }).join(",") + ")";
  };

  const week = function (id, grid) {
    let most = 0;
    const cells = [];
    grid.forEach(function (hours, day) {
      hours.forEach(function (cell, hour) {
        most = Math.max(most, cell.requests);
        cells.push({ x: hour, y: days[day], v: cell.requests, c: cell.cost });
      });
    });
    draw(id, function () {
      return {
        type: "matrix",
        data: {
          datasets: [{
            data: cells, borderRadius: 3,
            backgroundColor: cells.map(function (cell) { return mix(most ? Math.sqrt(cell.v / most) : 0); }),
            width: function (ctx) { return Math.max(2, (ctx.chart.chartArea || { width: 0 }).width / 24 - 3); },
            height: function (ctx) { return Math.max(2, (ctx.chart.chartArea || { height: 0 }).height / 7 - 3); },
          }],
        },
        options: {
          maintainAspectRatio: false, animation: false,
          scales: {
            x: { type: "linear", min: -0.5, max: 23.5, offset: false, grid: { display: false }, border: { display: false }, ticks: { stepSize: 1, maxRotation: 0, autoSkip: true, autoSkipPadding: 12, callback: function (v) { return Number.isInteger(v) && v >= 0 ? String(v).padStart(2, "0") : ""; } }, afterBuildTicks: function (axis) { axis.ticks = Array.from({ length: 24 }, function (_, v) { return { value: v }; }); } },
            y: { type: "category", labels: days.slice().reverse(), offset: true, grid: { display: false }, border: { display: false } },
          },
          plugins: {
            legend: { display: false },
            tooltip: tooltip({
              title: function (items) { const c = items[0].raw; return c.y + " " + String(c.x).padStart(2, "0") + ":00"; },
              label: function (item) { return " " + count(item.raw.v) + " requests" + (item.raw.c > 0 ? ", " + money(item.raw.c) : ""); },
            }),
          },
        },
      };
    });
  };

  window.addEventListener("beforeprint", function () {
    charts.forEach(function (chart) { if (chart.ctx) chart.resize(); });
  });

  window.tailer.plots = { bars: bars, time: time, week: week };
})();
