// Unpacks what payload.py packed: facts, and tables of columns of numbers.

const element = (id) => document.getElementById(id);

const bytesOf = (base64) => {
  const letters = atob(base64), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
};

const joined = (bytes, from, length, divisor) => {
  const column = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const at = from + i;
    column[i] = (bytes[at] | (bytes[at + length] << 8) | (bytes[at + 2 * length] << 16) |
      (bytes[at + 3 * length] << 24)) / divisor;
  }
  return column;
};

const unpacked = async (id) => {
  const packed = new Blob([bytesOf(element(id).textContent.trim())]);
  const stream = packed.stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const headEnd = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const { facts, columns } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, headEnd)));
  const tables = {};
  let from = headEnd;
  for (const [table, name, length, divisor] of columns) {
    tables[table] ??= { length };
    tables[table][name] = joined(bytes, from, length, divisor);
    from += 4 * length;
  }
  return { ...facts, tables };
};

const rowsWhere = (table, wanted) => {
  const found = [];
  for (let row = 0; row < table.length; row++) if (wanted(row)) found.push(row);
  return found;
};
