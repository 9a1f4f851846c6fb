// The week and site that everything below the first screen is about; -1 stands for all.

const scopeOf = (data, onChange) => {
  const week = element("week"), site = element("site");
  week.append(...data.weeks.map((name, place) => new Option(name, place)));
  site.append(...data.sites.name.map((name, place) => new Option(name, place)));
  week.value = data.weeks.length > 0 ? 0 : -1;
  const scope = {
    get week() { return Number(week.value); },
    get site() { return Number(site.value); },
    // A row without a site is about all of them.
    holds: (table) => (row) => (scope.week < 0 || table.week[row] === scope.week) &&
      (scope.site < 0 || !table.site || table.site[row] === scope.site),
    set: (weekPlace, sitePlace) => {
      week.value = weekPlace;
      site.value = sitePlace;
      changed();
    },
  };
  const changed = () => {
    for (const chart of document.querySelectorAll("figure[data-week]")) {
      chart.hidden = (scope.week >= 0 && chart.dataset.week !== data.weeks[scope.week]) ||
        (scope.site >= 0 && chart.dataset.site !== data.sites.id[scope.site]);
    }
    for (const group of document.querySelectorAll(".weekly")) {
      group.hidden = [...group.querySelectorAll("figure")].every((chart) => chart.hidden);
    }
    onChange(scope);
  };
  week.addEventListener("change", changed);
  site.addEventListener("change", changed);
  element("scope").hidden = false;
  return { scope, changed };
};
