// Elements and figures. Text from the data only ever becomes text nodes and attribute values.

const SVG = "http://www.w3.org/2000/svg";

const filled = (made, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
};
const h = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
const shape = (tag, attributes, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

const formats = [0, 1, 2].map((places) => new Intl.NumberFormat("en-GB",
  { minimumFractionDigits: places, maximumFractionDigits: places }));
const whole = (value) => formats[0].format(value);
const quantity = (value, unit) => {
  const size = Math.abs(value);
  return formats[unit === "each" || size >= 100 ? 0 : size >= 10 ? 1 : 2].format(value);
};
const orNothing = (value, unit) => (value ? quantity(value, unit) : "–");
const percent = (value) => `${whole(value)} %`;
const cash = (minor, currency) => (minor ? `${currency} ${whole(minor / 100)}` : "–");

const dayFormat = new Intl.DateTimeFormat("en-GB",
  { weekday: "short", day: "2-digit", month: "short", timeZone: "UTC" });
const inWords = (date) => dayFormat.format(date).replace(",", "");
const dayOf = (number) => (number ? inWords(new Date(number * 864e5)) : "–");
const dateOf = (iso) => inWords(new Date(`${iso}T00:00:00Z`));

// Placed, median and p10–p90 of one figure, drawn as in the charts; `most` is the full width.
const rangeGlyph = ({ placed, p10, p50, p90 }, most, title) => {
  const width = 96, at = (value) => (most > 0 ? Math.min(value / most, 1) * (width - 2) : 0).toFixed(1);
  const bar = (kind, value) => shape("rect", { class: kind, y: 3, height: 8, width: at(value) });
  return shape("svg", { class: "glyph sl", viewBox: `0 0 ${width} 14`, width, height: 14, role: "img" },
    shape("title", {}, title), bar("expected", p50), bar("placed", Math.min(placed, p50)),
    shape("path", { class: "range", d: `M${at(p10)} 7H${at(p90)}M${at(p10)} 4v6M${at(p90)} 4v6` }));
};
