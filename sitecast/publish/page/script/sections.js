// The tables of the page: site-days, boxes without a site, and every SKU.

const siteDays = (data) => {
  const { load } = data.tables;
  const used = (row) => (load.cap[row] > 0 ? load.p50[row] / load.cap[row] : -1);
  const most = Math.max(1, ...load.p90);
  const glyph = (row) => rangeGlyph(
    { placed: load.placed[row], p10: load.p10[row], p50: load.p50[row], p90: load.p90[row] }, most,
    `${whole(load.p10[row])} to ${whole(load.p90[row])} boxes, ${whole(load.placed[row])} placed`);
  const count = (name) => ({ n: true, value: (row) => load[name][row], cell: (row) => whole(load[name][row]) });
  const money = (name) => ({ n: true, value: (row) => load[name][row],
    cell: (row) => cash(load[name][row], data.currency) });
  return sortable(element("site-days"), "Site-days", [
    { title: "Day", value: (row) => load.day[row], cell: (row) => dateOf(data.days[load.day[row]]) },
    { title: "Site", value: (row) => data.sites.name[load.site[row]], cell: (row) => data.sites.name[load.site[row]] },
    { title: "Boxes", hint: "Placed, median and p10–p90", value: (row) => load.p50[row], n: true, minor: true, cell: glyph },
    { title: "Placed", hint: "Boxes in placed orders", minor: true, ...count("placed") },
    { title: "p10", minor: true, ...count("p10") },
    { title: "p50", ...count("p50") },
    { title: "p90", minor: true, ...count("p90") },
    { title: "Cap", n: true, value: (row) => load.cap[row], cell: (row) => (load.cap[row] < 0 ? "none" : whole(load.cap[row])) },
    { title: "Used", hint: "Median load ÷ cap", n: true, value: used, cell: (row) => (used(row) < 0 ? "–" : percent(100 * used(row))) },
    { title: "Above cap", hint: "Futures in which demand exceeds the cap", n: true, value: (row) => load.over[row],
      cell: (row) => (load.over[row] ? percent(load.over[row]) : "–") },
    { title: "10 % more saves", hint: "What a tenth more cap would save, all else as it is; mean over the draws", minor: true, ...money("more") },
    { title: "10 % less costs", hint: "What a tenth less cap would cost, all else as it is; mean over the draws", minor: true, ...money("less") },
  ], { place: 8, direction: -1 });
};

const shortfalls = (data) => {
  const { short } = data.tables, text = (name) => ({ value: (row) => data.short[name][row], cell: (row) => data.short[name][row] });
  const count = (name) => ({ n: true, value: (row) => short[name][row], cell: (row) => quantity(short[name][row], "boxes") });
  return sortable(element("shortfalls"), "Boxes without a site", [
    { title: "Delivery", value: (row) => short.day[row], cell: (row) => dateOf(data.days[short.day[row]]) },
    { title: "Region", ...text("region") },
    { title: "Boxes", hint: "Mean over the draws", ...count("mean") },
    { title: "p10–p90", n: true, minor: true, value: (row) => short.p90[row],
      cell: (row) => `${whole(short.p10[row])}–${whole(short.p90[row])}` },
    { title: "Placed", hint: "Placed orders among them", n: true, value: (row) => short.placed[row], cell: (row) => whole(short.placed[row]) },
    { title: "Why", wide: true, ...text("reason") },
    { title: "Limit that binds", wide: true, minor: true, ...text("binding") },
  ], { place: 2, direction: -1 });
};

const everySku = (data) => {
  const { needs } = data.tables, { skus } = data;
  const name = (row) => skus.name[needs.sku[row]], unit = (row) => skus.unit[needs.sku[row]];
  const share = (row) => (needs.p50[row] ? Math.min(1, needs.placed[row] / needs.p50[row]) : 0);
  const amount = (column) => ({ n: true, value: (row) => needs[column][row], cell: (row) => quantity(needs[column][row], unit(row)) });
  const order = (column) => ({ n: true, value: (row) => needs[column][row], cell: (row) => orNothing(needs[column][row], unit(row)) });
  const covered = (row) => needs.stock[row] + needs.coming[row];
  const late = (row) => needs.orderBy[row] && needs.orderBy[row] * 864e5 < Date.parse(data.asOf);
  return sortable(element("needs"), "Every SKU by site and week", [
    { title: "SKU", value: name, cell: (row) => h("button", { type: "button", class: "open",
      onclick: () => goTo("sku", skus.id[needs.sku[row]], data.weeks[needs.week[row]], data.sites.id[needs.site[row]]) },
      h("span", {}, name(row)), h("small", {}, `${skus.id[needs.sku[row]]} · ${unit(row)}`,
        h("span", { class: "phone" }, ` · ${data.sites.name[needs.site[row]]} · ${data.weeks[needs.week[row]]}`))) },
    { title: "Site", minor: true, value: (row) => data.sites.name[needs.site[row]], cell: (row) => data.sites.name[needs.site[row]] },
    { title: "Week", minor: true, value: (row) => needs.week[row], cell: (row) => data.weeks[needs.week[row]] },
    { title: "Need", hint: "Placed, median and p10–p90 of the week; the row's own scale", minor: true, value: share, n: true,
      cell: (row) => rangeGlyph({ placed: needs.placed[row], p10: needs.p10[row], p50: needs.p50[row], p90: needs.p90[row] },
        needs.p90[row], `${percent(100 * share(row))} of the median is in placed orders`) },
    { title: "Placed", hint: "Share of the median in placed orders", minor: true, n: true, value: share, cell: (row) => percent(100 * share(row)) },
    { title: "p10", minor: true, ...amount("p10") },
    { title: "p50", ...amount("p50") },
    { title: "p90", minor: true, ...amount("p90") },
    { title: "Unit", minor: true, value: unit, cell: unit },
    { title: "Have", hint: "From stock and from open purchase orders", minor: true, n: true, value: covered,
      cell: (row) => orNothing(covered(row), unit(row)) },
    { title: "Order now", hint: "To order before the next plan: commit", ...order("now") },
    { title: "Later", hint: "The next plan may still change it: flex", ...order("later") },
    { title: "Value", hint: "Cost of what is ordered, now and later", minor: true, n: true, value: (row) => needs.value[row],
      cell: (row) => cash(needs.value[row], data.currency) },
    { title: "Order by", hint: "First last day to order", value: (row) => needs.orderBy[row] || Infinity,
      cell: (row) => (late(row) ? h("strong", { class: "late", title: "passed when the plan was made" }, dayOf(needs.orderBy[row])) : dayOf(needs.orderBy[row])) },
  ], { place: 12, direction: -1 });
};

// Rows of needs whose SKU has every word of the search; names are searched once per SKU.
const searchOf = (data) => {
  const { skus, tables: { needs } } = data;
  const words = skus.id.map((id, place) => `${skus.name[place]} ${id} ${skus.kind[place]}`.toLowerCase());
  return (scope, search, kind, ordered) => {
    const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = words.map((text, place) => (!kind || skus.kind[place] === kind) && wanted.every((word) => text.includes(word)));
    const inScope = scope.holds(needs);
    const isOrdered = { "": () => true, now: (row) => needs.now[row] > 0, any: (row) => needs.cases[row] > 0 }[ordered];
    return rowsWhere(needs, (row) => fits[needs.sku[row]] && inScope(row) && isOrdered(row));
  };
};
