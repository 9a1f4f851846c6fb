// A table that sorts by its heads and shows a screenful of rows at a time.

const STEP = 40, MORE = 200;

// columns: {title, hint, value: row => to sort by, cell: row => text or element, n: numeric,
// minor: left out on phones}. The first sort is by `order`.
const sortable = (host, caption, columns, order) => {
  let rows = [], shown = STEP;
  const heads = columns.map((column, place) => h("th",
    { scope: "col", class: styleOf(column), title: column.hint },
    h("button", { type: "button", onclick: () => turn(place) }, column.title)));
  const body = h("tbody");
  const more = h("button", { type: "button", class: "more", onclick: () => { shown += MORE; draw(); } });
  const table = h("table", { "aria-rowcount": 0 }, h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {}, ...heads)), body);
  host.replaceChildren(
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, table), more);

  const turn = (place) => {
    const first = columns[place].n ? -1 : 1;
    order = { place, direction: order.place === place ? -order.direction : first };
    sort();
    draw();
  };
  const sort = () => {
    const { value } = columns[order.place], keys = new Map(rows.map((row) => [row, value(row)]));
    rows.sort((a, b) => {
      const left = keys.get(a), right = keys.get(b);
      return (left < right ? -1 : left > right ? 1 : 0) * order.direction || a - b;
    });
  };
  const draw = () => {
    body.replaceChildren(...rows.slice(0, shown).map((row) => h("tr", {}, ...columns.map((column, place) =>
      h(place === 0 ? "th" : "td", { class: styleOf(column), scope: place === 0 ? "row" : undefined },
        column.cell(row))))));
    heads.forEach((head, place) => head.setAttribute("aria-sort",
      place !== order.place ? "none" : order.direction > 0 ? "ascending" : "descending"));
    table.setAttribute("aria-rowcount", rows.length + 1);
    more.hidden = rows.length <= shown;
    more.textContent = `Show more (${whole(rows.length - shown)} left)`;
  };
  return (found) => {
    rows = found;
    shown = STEP;
    sort();
    draw();
  };
};

const styleOf = (column) =>
  [column.n && "n", column.minor && "minor", column.wide && "wide"].filter(Boolean).join(" ") || undefined;

// A small table that needs no sorting.
const plain = (caption, columns, rows, foot) => h("div", { class: "scroll" },
  h("table", {}, h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ...columns.map((column) =>
      h("th", { scope: "col", class: styleOf(column), title: column.hint }, column.title)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...columns.map((column, place) =>
      h(place === 0 ? "th" : "td", { class: styleOf(column), scope: place === 0 ? "row" : undefined },
        column.cell(row)))))),
    ...(foot ? [h("tfoot", {}, h("tr", {}, ...foot.map((cell, place) =>
      h(place === 0 ? "th" : "td", { class: styleOf(columns[place]), scope: place === 0 ? "row" : undefined },
        cell))))] : [])));
