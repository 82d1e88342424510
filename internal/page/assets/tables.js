"use strict";
// The tables: one for each dimension, sorted and searched in the browser. Cells
// are made with textContent: a name from a log is never markup.
(function () {
  const f = window.tailer.format;

  const cell = function (write) {
    return function (cell) {
      const value = cell.getValue();
      const node = document.createElement("span");
      node.textContent = value === null || value === undefined ? "–" : write(value);
      if (!value) node.className = "dim";
      return node;
    };
  };

  const name = function (cell) {
    const row = cell.getData();
    const node = document.createElement("div");
    const first = document.createElement("span");
    const second = document.createElement("span");
    node.className = "name";
    first.className = "first";
    second.className = "second";
    const title = row.kind === "chat" && row.d;
    first.textContent = title ? row.d : row.n;
    second.textContent = title ? row.n : row.d || "";
    node.append(first);
    if (second.textContent) node.append(second);
    node.title = first.textContent + (second.textContent ? "\n" + second.textContent : "");
    return node;
  };

  const numbers = function (title, field, write, hint) {
    return {
      title: title, field: field, formatter: cell(write), sorter: "number", sorterParams: { alignEmptyValues: "bottom" },
      hozAlign: "right", headerHozAlign: "right", headerSortStartingDir: "desc", headerTooltip: hint || title,
    };
  };

  // plain keeps a spreadsheet from taking a name for a formula.
  const plain = function (value) {
    return /^[=+\-@\t\r]/.test(value || "") ? "'" + value : value;
  };

  const columns = function (label) {
    const percent = function (v) { return v.toFixed(v === 100 || v === 0 ? 0 : 1) + "\u202f%"; };
    return [
      { title: label, field: "n", formatter: name, sorter: "string", frozen: true, widthGrow: 3, minWidth: window.innerWidth < 760 ? 140 : 215, headerHozAlign: "left", accessorDownload: plain },
      { title: "Detail", field: "d", visible: false, download: true, accessorDownload: plain },
      numbers("Requests", "r", f.count),
      numbers("Errors", "e", f.count),
      numbers("Cost", "c", f.money, "USD, as LiteLLM logged it"),
      numbers("Tokens", "k", f.count, "all that were counted"),
      numbers("Input", "i", f.count, "tokens, cached ones included"),
      Object.assign(numbers("Cached", "h", f.count), { visible: false, download: true }),
      numbers("Output", "o", f.count, "tokens, reasoning included"),
      numbers("p50", "p50", f.seconds, "median latency of requests that ended well"),
      numbers("p95", "p95", f.seconds, "95 % of requests that ended well were faster"),
      numbers("p99", "p99", f.seconds, "99 % of requests that ended well were faster"),
      numbers("First token", "f50", f.seconds, "median time to the first token of streams"),
      Object.assign(numbers("With user", "u", percent, "part of the requests whose user is known"), { minWidth: 116 }),
    ];
  };

  window.tailer.tables = function (data) {
    const tabs = document.getElementById("tabs");
    const search = document.getElementById("search");
    const failing = document.getElementById("failing");
    const found = document.getElementById("found");
    let table, shown;

    const filter = function () {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      table.setFilter(function (row) {
        const text = (row.n + " " + (row.d || "")).toLowerCase();
        return (!failing.checked || row.e > 0) && words.every(function (word) { return text.includes(word); });
      });
    };

    const tell = function (_, rows) {
      const all = data.by[shown];
      let words = f.count(rows.length) + " of " + f.count(all.rows.length);
      if (all.others) words += "; " + f.count(all.names) + " smaller ones are added up";
      found.textContent = words;
    };

    const show = function (key) {
      shown = key;
      history.replaceState(null, "", "#" + key); // so that a page that is loaded again shows the same
      const rows = data.by[key].rows.map(function (row) { return Object.assign({ kind: key }, row); });
      if (data.by[key].others) rows.push(Object.assign({ kind: key, others: true }, data.by[key].others));
      Array.from(tabs.children).forEach(function (tab) {
        tab.setAttribute("aria-selected", String(tab.dataset.key === key));
      });
      if (table) table.destroy();
      table = new Tabulator("#table", {
        data: rows, columns: columns(data.labels[key]), layout: "fitDataStretch", pagination: true, paginationSize: 25,
        paginationSizeSelector: [10, 25, 50, 100], paginationButtonCount: 3, placeholder: "No row matches",
        columnDefaults: { resizable: false, minWidth: 60 }, initialSort: key === "day" || key === "hour" ? [] : [{ column: "r", dir: "desc" }],
        printAsHtml: false, renderHorizontal: "basic", downloadConfig: { columnHeaders: true },
      });
      table.on("dataFiltered", tell);
      table.on("tableBuilt", filter);
    };

    data.order.forEach(function (key) {
      if (data.by[key].rows.length === 0) return;
      const tab = document.createElement("button");
      tab.type = "button";
      tab.textContent = data.labels[key];
      tab.dataset.key = key;
      tab.setAttribute("role", "tab");
      tab.addEventListener("click", function () { show(key); });
      tabs.append(tab);
    });
    search.addEventListener("input", filter);
    failing.addEventListener("change", filter);
    document.getElementById("download").addEventListener("click", function () {
      table.download("csv", "tailer-" + shown + ".csv", {}, "active");
    });
    const asked = location.hash.slice(1);
    show(data.order.find(function (key) { return key === asked && data.by[key].rows.length > 0; }) ||
      data.order.find(function (key) { return data.by[key].rows.length > 0; }));
  };
})();
