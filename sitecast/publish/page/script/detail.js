// What a drill shows: an SKU with its days and recipes, or an item with its kits and ingredients.

const sumOf = (rows, column) => rows.reduce((total, row) => total + column[row], 0);
const placeIn = (axis, id) => axis.indexOf(id ?? "");

const skuPanel = (data, detail, place, scope) => {
  const { needs } = data.tables, { days } = detail.tables, { skus } = data, unit = skus.unit[place];
  const inScope = scope.holds(needs);
  const mine = rowsWhere(needs, (row) => needs.sku[row] === place);
  const within = mine.filter(inScope);
  const amount = (table, name) => ({ n: true, cell: (row) => orNothing(table[name][row], unit) });
  const spread = (table, most) => ({ title: "Need", n: true, minor: true, hint: "Placed, median and p10–p90", cell: (row) => rangeGlyph(
    { placed: table.placed[row], p10: table.p10[row], p50: table.p50[row], p90: table.p90[row] }, most, "placed, median and p10–p90") });
  const quantiles = (table) => [
    { title: "Placed", hint: "In placed orders", ...amount(table, "placed") }, { title: "p10", minor: true, ...amount(table, "p10") },
    { title: "p50", ...amount(table, "p50") }, { title: "p90", minor: true, ...amount(table, "p90") }];
  const buying = (table) => [
    { title: "Stock", minor: true, hint: "Covered by what lies at the site", ...amount(table, "stock") },
    { title: "Coming", minor: true, hint: "Covered by open purchase orders", ...amount(table, "coming") },
    { title: "Now", hint: "To order before the next plan", ...amount(table, "now") }, { title: "Later", hint: "The next plan may change it", ...amount(table, "later") },
    { title: "Order by", cell: (row) => dayOf(table.orderBy[row]) }];
  const most = Math.max(0, ...mine.map((row) => needs.p90[row]));
  const chosen = new Set(within), ofDays = rowsWhere(days, (row) => chosen.has(days.need[row]));
  const mostDay = Math.max(0, ...ofDays.map((row) => days.p90[row]));
  return [
    facts([["Id", skus.id[place]], ["Kind", skus.kind[place]], ["Case", `${quantity(skus.pack[place], unit)} ${unit}`],
      ["Least order", skus.moq[place] ? `${quantity(skus.moq[place], unit)} ${unit}` : "none"],
      ["Lead time", `${skus.lead[place]} days`], ["Keeps", `${skus.keeps[place]} days`]]),
    plain(`Weeks and sites, in ${unit}`, [
      { title: "Week", cell: (row) => data.weeks[needs.week[row]] }, { title: "Site", cell: (row) => data.sites.name[needs.site[row]] },
      spread(needs, most), ...quantiles(needs), ...buying(needs)], mine),
    plain(`Days, in ${unit}: ${scope.words}`, [
      { title: "Day", cell: (row) => dateOf(data.days[days.day[row]]) },
      { title: "Site", cell: (row) => data.sites.name[needs.site[days.need[row]]] },
      spread(days, mostDay), ...quantiles(days), { title: "Cover", hint: "Quantity at the service level", ...amount(days, "required") },
      ...buying(days)], ofDays),
    usesOf(data, detail, place, scope, within),
    madeOf(data, within.map((row) => needs.week[row])),
  ];
};

// The recipes behind an SKU: kits × bill, yield and wastage included; means add up (R6).
const usesOf = (data, detail, place, scope, within) => {
  const { bills, kits } = detail.tables, { items } = detail, unit = data.skus.unit[place];
  const scale = unit === "each" ? 1000 : 1e6;
  const per = new Map(), uses = new Map(), inScope = scope.holds(kits);
  const key = (table, row) => `${table.week[row]} ${table.item[row]} ${table.portions[row]}`;
  for (const row of rowsWhere(bills, (at) => bills.sku[at] === place)) per.set(key(bills, row), bills.qty[row]);
  for (const row of rowsWhere(kits, (at) => inScope(at) && per.has(key(kits, at)))) {
    const use = uses.get(kits.item[row]) ?? { item: kits.item[row], placed: 0, mean: 0, qty: 0 };
    use.placed += kits.placed[row];
    use.mean += kits.mean[row];
    use.qty += kits.mean[row] * per.get(key(kits, row)) / scale;
    uses.set(kits.item[row], use);
  }
  const rows = [...uses.values()].sort((a, b) => b.qty - a.qty);
  if (!rows.length) return h("p", { class: "quiet" }, data.skus.kind[place] === "packaging"
    ? "Packaging follows the boxes and their number of kits, not single recipes." : "Nothing on these menus uses it.");
  const total = within.reduce((sum, row) => sum + data.tables.needs.mean[row], 0);
  const sums = ["placed", "mean", "qty"].map((name) => rows.reduce((sum, use) => sum + use[name], 0));
  return plain(`Used by: ${scope.words}`, [
    { title: "Recipe or product", cell: (use) => h("button", { type: "button", class: "open",
      onclick: () => goTo("item", items.type[use.item], items.id[use.item], scope.weekId, scope.siteId) },
      h("span", {}, items.name[use.item]), h("small", {}, items.id[use.item])) },
    { title: "Kits placed", n: true, hint: "In placed boxes", cell: (use) => whole(use.placed) },
    { title: "Kits simulated", n: true, hint: "In simulated boxes, mean over the draws", cell: (use) => whole(use.mean - use.placed) },
    { title: `Need, ${unit}`, n: true, hint: "Mean over the draws, yield and wastage included", cell: (use) => quantity(use.qty, unit) },
    { title: "Share", n: true, minor: true, cell: (use) => percent(100 * use.qty / (total || 1)) },
  ], rows, ["All of them", whole(sums[0]), whole(sums[1] - sums[0]), quantity(sums[2], unit), percent(100 * sums[2] / (total || 1))]);
};

const itemPanel = (data, detail, place, scope) => {
  const { kits, bills } = detail.tables, { load } = data.tables;
  const rows = rowsWhere(kits, (row) => kits.item[row] === place && scope.holds(kits)(row));
  const weeks = new Set(rows.map((row) => kits.week[row]));
  const count = (name) => ({ n: true, cell: (row) => whole(kits[name][row]) });
  const used = new Map();
  for (const row of rowsWhere(bills, (at) => bills.item[at] === place && weeks.has(bills.week[at]))) {
    used.set(`${bills.portions[row]} ${bills.sku[row]}`, row);
  }
  const boxes = rowsWhere(load, (row) => weeks.has(load.week[row]) && scope.holds(load)(row));
  const unit = (row) => data.skus.unit[bills.sku[row]];
  return [
    facts([["Id", detail.items.id[place]], ["Kind", detail.items.type[place]],
      ["Kits placed", whole(sumOf(rows, kits.placed))],
      ["Kits simulated", whole(sumOf(rows, kits.mean) - sumOf(rows, kits.placed))],
      ["Boxes at these sites", `${whole(sumOf(boxes, load.placed))} placed, ${whole(sumOf(boxes, load.p50))} expected`]]),
    plain(`Kits by delivery day: ${scope.words}`, [
      { title: "Delivery", cell: (row) => dateOf(data.days[kits.day[row]]) },
      { title: "Site", cell: (row) => data.sites.name[kits.site[row]] },
      { title: "Portions", n: true, minor: true, cell: (row) => whole(kits.portions[row]) },
      { title: "Placed", hint: "In placed boxes", ...count("placed") },
      { title: "Simulated", hint: "In simulated boxes, mean over the draws", n: true, cell: (row) => whole(kits.mean[row] - kits.placed[row]) },
      { title: "p10", minor: true, ...count("p10") }, { title: "p50", ...count("p50") }, { title: "p90", minor: true, ...count("p90") }], rows),
    plain("What one of it needs, yield and wastage included", [
      { title: "SKU", cell: (row) => h("button", { type: "button", class: "open",
        onclick: () => goTo("sku", data.skus.id[bills.sku[row]], scope.weekId, scope.siteId) },
        h("span", {}, data.skus.name[bills.sku[row]]), h("small", {}, data.skus.id[bills.sku[row]])) },
      { title: "Portions", n: true, cell: (row) => whole(bills.portions[row]) },
      { title: "Quantity", n: true, cell: (row) => `${formats[2].format(bills.qty[row] / 1000)} ${unit(row) === "kg" ? "g" : unit(row) === "l" ? "ml" : unit(row)}` },
    ], [...used.values()]),
    madeOf(data, [...weeks]),
  ];
};

// Versions of the inputs, and where Dagster shows the runs that made them.
const madeOf = (data, weeks) => plain("Made from", [
  { title: "Week", cell: (place) => data.weeks[place] },
  { title: "Versions", wide: true, cell: (place) => h("span", {}, ...Object.entries(data.madeOf[data.weeks[place]] ?? {}).flatMap(
    ([asset, version]) => [asset.replaceAll("_", " "), " ", h("code", {}, version), h("br")])) },
  ...(data.ui ? [{ title: "Dagster", cell: (place) => {
    const week = encodeURIComponent(data.weeks[place]), tag = encodeURIComponent(`tag:sitecast/plan_id=${data.planId}`);
    return h("span", {}, h("a", { href: `${data.ui}/assets/site_forecast?view=partitions&partition=${week}`, rel: "noreferrer" }, "forecast"),
      " · ", h("a", { href: `${data.ui}/runs?q%5B0%5D=${tag}`, rel: "noreferrer" }, "runs"));
  } }] : []),
], [...new Set(weeks)].sort((a, b) => a - b));

const facts = (pairs) => h("dl", { class: "facts" }, ...pairs.map(([term, value]) =>
  h("div", {}, h("dt", {}, term), h("dd", {}, value))));
