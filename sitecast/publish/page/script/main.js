// Puts it together; what cannot be unpacked is said, and the rest of the page stands.

const start = async () => {
  const data = await unpacked("first-data");
  const show = { days: siteDays(data), short: shortfalls(data), needs: everySku(data) };
  const search = searchOf(data), field = (id) => element(id).value;
  const filter = (scope) => {
    const found = search(scope, field("search"), field("kind"), field("ordered"));
    show.needs(found);
    element("count").textContent = `${whole(found.length)} rows`;
  };
  const { scope, changed } = scopeOf(data, (now) => {
    show.days(rowsWhere(data.tables.load, now.holds(data.tables.load)));
    const short = rowsWhere(data.tables.short, now.holds(data.tables.short));
    show.short(short);
    element("shortfalls").hidden = short.length === 0;
    element("no-shortfalls").hidden = short.length > 0;
    element("no-shortfalls").textContent = now.week < 0 ? "Every box has a site." : `Every box of ${data.weeks[now.week]} has a site.`;
    filter(now);
  });
  element("filters").addEventListener("input", () => filter(scope));
  element("filters").addEventListener("submit", (event) => event.preventDefault());
  changed();
  await drillOf(data, scope)();
};

start().catch((problem) => {
  element("problem").hidden = false;
  console.error(problem);
});
