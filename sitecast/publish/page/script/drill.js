// Addresses within the page: #sku/…, #item/…, #load/week/site; each can be linked to and gone back from.

const goTo = (...parts) => { location.hash = parts.map((part) => encodeURIComponent(part ?? "")).join("/"); };

const drillOf = (data, scope) => {
  const dialog = element("drill");
  let detail, from;
  const narrowed = (weekId, siteId) => {
    const week = placeIn(data.weeks, weekId), site = placeIn(data.sites.id, siteId);
    return {
      weekId: data.weeks[week], siteId: data.sites.id[site],
      words: `${data.weeks[week] ?? "all weeks"}, ${data.sites.name[site] ?? "all sites"}`,
      holds: (table) => (row) => (week < 0 || table.week[row] === week) && (site < 0 || table.site[row] === site),
    };
  };
  const open = (title, parts) => {
    element("drill-title").textContent = title;
    element("drill-body").replaceChildren(...parts);
    if (!dialog.open) {
      from = document.activeElement;
      dialog.showModal();
    }
    dialog.scrollTop = 0;
    element("drill-title").focus();
  };
  const follow = async () => {
    const [kind, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
    if (kind === "load") {
      scope.set(placeIn(data.weeks, rest[0]), placeIn(data.sites.id, rest[1]));
      element("load").scrollIntoView();
    }
    if (kind !== "sku" && kind !== "item") return dialog.open && dialog.close();
    detail ??= await unpacked("detail-data");
    if (kind === "sku") {
      const place = placeIn(data.skus.id, rest[0]);
      if (place >= 0) open(data.skus.name[place], skuPanel(data, detail, place, narrowed(rest[1], rest[2])));
    } else {
      const { items } = detail;
      const place = items.id.findIndex((id, at) => id === rest[1] && items.type[at] === rest[0]);
      if (place >= 0) open(items.name[place], itemPanel(data, detail, place, narrowed(rest[2], rest[3])));
    }
  };
  dialog.addEventListener("close", () => {
    if (/^#(sku|item)\//.test(location.hash)) history.pushState(null, "", "#all");
    if (from?.isConnected) from.focus();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  element("drill-close").addEventListener("click", () => dialog.close());
  element("drill-back").addEventListener("click", () => history.back());
  addEventListener("hashchange", follow);
  return follow;
};
