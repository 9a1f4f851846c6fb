(() => {
  "use strict";
  const rows = JSON.parse(document.getElementById("rows").textContent);
  const STEP = 25;
  const FIRST_NUMBER = 6, CASES = 10;
  const body = document.querySelector("#needs tbody");
  const heads = [...document.querySelectorAll("#needs th")];
  const byId = (id) => document.getElementById(id);
  const words = rows.map((row) => row.slice(0, 6).join(" ").toLowerCase());
  let order = { column: CASES, direction: -1 }, shown = STEP;

  const decimals = (value, unit) => (unit === "each" || value >= 100 ? 0 : value >= 10 ? 1 : 2);
  const number = (value, places) =>
    value.toLocaleString("en-GB", { minimumFractionDigits: places, maximumFractionDigits: places });
  const text = (row, column) => {
    if (typeof row[column] !== "number") return row[column];
    return number(row[column], column === CASES ? 0 : decimals(row[column], row[5]));
  };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  const draw = () => {
    const wanted = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const week = byId("week").value, site = byId("site").value;
    const found = rows.filter((row, i) => (!week || row[0] === week) && (!site || row[1] === site) &&
      wanted.every((word) => words[i].includes(word)));
    const { column, direction } = order;
    found.sort((a, b) => direction * compare(a[column], b[column]) || compare(a[3], b[3]));
    body.replaceChildren(...found.slice(0, shown).map((row) => {
      const line = document.createElement("tr");
      row.forEach((_, column) => {
        const cell = line.insertCell();
        cell.textContent = text(row, column);
        if (column >= FIRST_NUMBER && column <= CASES) cell.className = "n";
      });
      return line;
    }));
    heads.forEach((head, i) => head.setAttribute("aria-sort",
      i !== column ? "none" : direction > 0 ? "ascending" : "descending"));
    byId("count").textContent = `${number(found.length, 0)} rows`;
    byId("more").hidden = found.length <= shown;
  };

  for (const [id, column] of [["week", 0], ["site", 1]]) {
    byId(id).append(...[...new Set(rows.map((row) => row[column]))].sort().map((value) => new Option(value)));
  }
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const numeric = column >= FIRST_NUMBER && column <= CASES;
    order = { column, direction: order.column === column ? -order.direction : numeric ? -1 : 1 };
    draw();
  }));
  byId("filters").addEventListener("input", () => { shown = STEP; draw(); });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => { shown += 8 * STEP; draw(); });
  draw();
})();
