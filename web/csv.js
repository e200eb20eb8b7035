// Rows → the text of a CSV file that a spreadsheet opens without running anything.

// Where a cell may begin, whatever a spreadsheet splits on, and what it takes for a formula there,
// full-width forms too (OWASP, CSV Injection); as in functions/serving/spreadsheet.py.
const FORMULA = /((?:^|[,;|\t\n\r])[\s"]*)(?=[=+\-@＝＋－＠])/g;

/** @param {(string|number|boolean|undefined)[][]} rows header first */
export const csv = (rows) => `\ufeff${rows.map((row) => row.map(cell).join(",") + "\r\n").join("")}`; // Excel needs the mark to read UTF-8

function cell(value) {
  const text = typeof value === "string" ? value.replace(FORMULA, "$1'") : String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
